"""One module made of many does what they do."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from frontend_config.bundle import bundle


def folder(root: Path, **modules: str) -> Path:
    """Modules by their names, with a double underline where a folder ends."""
    for name, text in modules.items():
        file = root / f"{name.replace('__', '/')}.js"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def test_modules_of_the_same_names_do_not_meet_and_each_runs_once(tmp_path: Path, browser: Browser) -> None:
    root = folder(
        tmp_path,
        a__a='import { one as first } from "./b.js";\nimport {\n  one,\n  Two,\n} from "../c/c.js";\n'
        "export const told = [first, one(), new Two().three];\n",
        a__b='import { one as other } from "../c/c.js";\nexport const one = `b and ${other()}`;\n',
        c__c="let calls = 0;\nexport function one() { calls += 1; return calls; }\nexport class Two { three = 3; }\n",
    )
    page = browser.new_page()
    told = page.evaluate(
        "(text) => import(`data:text/javascript,${text}`).then(({ told }) => told)", bundle(root, "a/a.js").decode()
    )
    page.close()
    assert told == ["b and 1", 2, 3]


@pytest.mark.parametrize(
    "text",
    [
        'import "./other.js";\n',
        'import all from "./other.js";\n',
        'export * from "./other.js";\n',
        "export default 1;\n",
        'import { one } from "./a.js";\n',
        'import { base } from "../c/c.js";\n',
    ],
)
def test_what_cannot_be_bundled_is_refused(tmp_path: Path, text: str) -> None:
    root = folder(tmp_path, a__a=text, a__other="", c__c="export const base = import.meta.url;\n")
    with pytest.raises(ValueError, match="static/"):
        bundle(root, "a/a.js")
