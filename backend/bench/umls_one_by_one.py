"""Links every text four times and one by one, as the authors' code does; run as a file like the linker that we use."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TIMES = 4


def main() -> None:
    """The linker's own protocol, its work done in the slow way."""
    place = Path(__file__).parents[1] / "metrics" / "umls_child.py"
    found = importlib.util.spec_from_file_location("umls_child", place)
    assert found is not None
    assert found.loader is not None
    child: Any = importlib.util.module_from_spec(found)
    found.loader.exec_module(child)

    class OneByOne(child.Linking):  # type: ignore[misc]
        def concepts(self, texts: Sequence[str]) -> list[list[str]]:
            return [[self._of(text) for _ in range(TIMES)][-1] for text in texts]

        def _of(self, text: str) -> list[str]:
            mentions = self._linker(self._pipeline(text)).ents
            return sorted({mention._.kb_ents[0][0] for mention in mentions if mention._.kb_ents})

    child.main(OneByOne)


if __name__ == "__main__":
    main()
