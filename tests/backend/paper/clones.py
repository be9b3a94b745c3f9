"""An invented clone in the layout of the authors' repository, as it was in June 2024 and as it became later.

File names, names of constants and names of gaps are theirs; every text is invented. Each script leaves a mark when run.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

COMMIT = "89abcdef0123456789abcdef0123456789abcdef"
EXECUTED = "executed"
_TRAP = f"""
from pathlib import Path

(Path(__file__).parent / "{EXECUTED}").touch()
"""


class Layout(StrEnum):
    """Which time of the repository a clone is of."""

    JUNE_2024 = "june"
    LATER = "later"


MEDNLI = '''
sys_prompt = """Compare FIRST with SECOND."""

user_prompt_template = """
FIRST={sentence1}
SECOND={sentence2}
"""

assistant_response_template =  """{gold_label}"""

ground_truth_key = "gold_label"
'''

MEQSUM = '''
sys_prompt = "Shorten the post."

user_prompt_template = """<post>
{CHQ}
</post>"""

assistant_response_start = "In short: "
assistant_response_template =  assistant_response_start + """{Summary}"""

ground_truth_key = "Summary"
'''

PROBLEM_SUMMARY = '''
sys_prompt = "Name what " "ails the patient."

user_prompt_template = """<note>
{Subjectives}
--
{Assessment}
</note>"""

assistant_response_start = "Ailments: "
assistant_response_template =  assistant_response_start + """{Summary}"""

ground_truth_key = "Summary"
PATTERN = re.compile("\\[X\\]|\\d")
'''

LONGHEALTH = '''
sys_prompt = """
Read the records.
"""

prompt_template = """
<records>
{documents}
</records>
{question_text}
{options}
Say {{one}} letter.
"""

def create_prompt(answer_docs: dict, question: dict, separator="====", option_labels="abcde", max_len=16_000):
    return prompt_template.format(documents=separator.join(answer_docs), question_text="", options="")

def main():
    for question in ():
        question["answer_f"] = "Nobody can know"
'''

MEDISUMQA = '''
sys_prompt = "Explain the letter."

user_prompt_template = """<letter>
{without_discharge_summary}
</letter>
Asked: {Question}"""

assistant_response_template = """Told: {Answer}"""
'''

MEDISUMQA_LATER = '''
sys_prompt = "Explain the letter."

user_prompt_template = """<letter>
{discharge_summary}
</letter>
{Question}"""

assistant_response_template = """{Answer}"""

ground_truth_key = "Answer"
max_tokens=512
'''

MEDISUMCODE = '''
sys_prompt = "Code the letter."

user_prompt_template = """<letter>
{text}
</letter>"""

assistant_response_start = "Codes: "
assistant_response_template =  assistant_response_start + """{codes}"""

ground_truth_key = "codes"
'''

SCRIPTS: Mapping[str, str] = {
    "eval/eval_mednli.py": MEDNLI,
    "eval/eval_meqsum.py": MEQSUM,
    "eval/eval_ProblemSummary.py": PROBLEM_SUMMARY,
    "eval/eval_LongHealth.py": LONGHEALTH,
    "eval/eval_MeDiSumQA.py": MEDISUMQA,
    "eval/eval_MeDiSumCode.py": MEDISUMCODE,
}
LATER: Mapping[str, str] = {
    "eval/eval_mednli.py": MEDNLI + "max_tokens = 20\n",
    "eval/eval_meqsum.py": MEQSUM.replace("assistant_response_start + ", "") + "max_tokens = 512\n",
    "eval/eval_MeDiSumQA.py": MEDISUMQA_LATER,
}


def write_clone(folder: Path, layout: Layout = Layout.JUNE_2024, changed: Mapping[str, str] | None = None) -> Path:
    """The folder is a clone of this layout at COMMIT, with some scripts changed; an empty text leaves one out."""
    scripts = {**SCRIPTS, **(LATER if layout is Layout.LATER else {}), **(changed or {})}
    for path, text in scripts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if text:
            (folder / path).write_text(_TRAP + text, encoding="utf-8")
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text(f"{COMMIT}\n")
    return folder
