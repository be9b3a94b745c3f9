"""Chat templates, which are programs: those that would talk, hang, fill the memory or walk out of their sandbox."""

from backend.errors import FailureCode
from tests.corpus.attack import Attack, Expected, Outcome

SECRET = "canary-premise-4711"
_FAILS: Expected = FailureCode.TEMPLATE_ERROR
_HARMLESS: Expected = Outcome.HARMLESS
_LAST = "messages[-1]['content']"
_HONEST = "{% for m in messages %}{{ m['content'] }}{% endfor %}"

_DECLARED = {
    "tells the prompt": ("the prompt in the text of an exception", f"{{{{ raise_exception({_LAST}) }}}}", _FAILS),
    "unknown filter": (
        "the prompt in the text of a syntax error",
        f"{{{{ {_LAST} | {SECRET.replace('-', '_')} }}}}",
        _FAILS,
    ),
    "division": ("an error in the middle of the prompt", f"{{{{ {_LAST} }}}}{{{{ 1 / 0 }}}}", _FAILS),
    "not a template": ("a template that ends in the middle", "{% for m in messages %}{{ m", _FAILS),
    "recursion": (
        "a macro that calls itself with a growing prompt",
        f"{{% macro f(x) %}}{{{{ f(x ~ {_LAST}) }}}}{{% endmacro %}}{{{{ f('') }}}}",
        _FAILS,
    ),
    "nested loops": ("99,999 rounds, 99,999 times", "{% for i in range(99999) %}" * 3 + "{% endfor %}" * 3, _FAILS),
    "long range": ("a loop of as many rounds as can be said", "{% for i in range(10**12) %}x{% endfor %}", _FAILS),
    "1.8 GB": ("a text of 1.8 GB", "{{ 'x' * 1800000000 }}", _FAILS),
    "5 MB": ("a text that no window holds", "{{ 'x' * 5000000 }}", _FAILS),
    "doubling": (
        "a text that doubles forty times",
        "{% set n = namespace(t='x') %}{% for i in range(40) %}{% set n.t = n.t ~ n.t %}{% endfor %}{{ n.t }}",
        _FAILS,
    ),
    "wide format": ("a gigabyte from a format of ten letters", "{{ '%1000000000d' % 1 }}", _FAILS),
    "wide centre": ("the same from a filter", "{{ 'x' | center(1000000000) }}", _FAILS),
    "list of lists": ("a list of a billion", "{{ [0] * 1000000000 }}", _FAILS),
    "class walk": ("the way from a text to every class", "{{ ''.__class__.__mro__[1].__subclasses__() }}", _FAILS),
    "class walk by filter": ("the same around the check", "{{ ('' | attr('__class__')).__mro__ }}", _FAILS),
    "class walk by format": ("the same inside a format", "{{ '{0.__class__.__mro__}'.format('') }}", _FAILS),
    "globals of a function": ("the modules behind a function", "{{ raise_exception.__globals__['json'] }}", _FAILS),
    "globals of the clock": ("the modules behind the clock", "{{ strftime_now.__self__.__class__.__mro__ }}", _FAILS),
    "globals of a macro": (
        "the modules behind a macro",
        "{% macro m() %}{% endmacro %}{{ m.__globals__['json'] }}",
        _FAILS,
    ),
    "environment": ("the environment behind the template", "{{ self.__init__.__globals__['os'] }}", _FAILS),
    "namespace": ("a namespace with hidden names", "{% set n = namespace(__class__='x') %}{{ n.__class__ }}", _FAILS),
    "include": ("another file of the machine", "{% include '/etc/passwd' %}", _FAILS),
    "import": ("a module", "{% import 'os' as os %}{{ os.getcwd() }}", _FAILS),
    "extends": ("another template", "{% extends 'base.html' %}", _FAILS),
    "changes the prompt": (
        "a list of messages that grows while it is read",
        "{{ messages.append(messages[0]) }}",
        _FAILS,
    ),
    "today": ("another prompt every day", "{{ strftime_now('%Y-%m-%d') }} " + _HONEST, _HARMLESS),
    "today by name": ("the same by the name that Llama gives it", "{{ date_string }} " + _HONEST, _HARMLESS),
    "markup around": ("markup around the prompt", "<img src=x onerror=alert(1)>" + _HONEST, _HARMLESS),
}
TEMPLATES = tuple(Attack(name, sentence, text, expected) for name, (sentence, text, expected) in _DECLARED.items())
# One step that takes hours and can be told nothing meanwhile: the process that takes it is ended.
POWER = "{{ 7 ** (7 ** 12) }}"
