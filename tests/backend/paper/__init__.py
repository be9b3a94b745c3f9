"""The paper's protocol: what is read of a clone, what is asked, and every published oddity of judging."""
