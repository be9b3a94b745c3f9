"""Ways of asking a model: each module here that defines ENGINE offers one."""

from importlib import import_module
from pkgutil import iter_modules

from backend.domain import Engine
from backend.settings import Settings


def all_engines() -> dict[str, Engine]:
    """Every engine by name. Modules without an ENGINE belong to one of the others."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    engines: list[Engine] = [module.ENGINE for module in modules if hasattr(module, "ENGINE")]
    return {engine.name: engine for engine in engines}


def engines_under(settings: Settings) -> dict[str, Engine]:
    """Every engine by name, local inference carried by Ray where the settings name a cluster."""
    from backend.engines.ray import carried_by_ray

    engines = all_engines()
    if settings.ray:
        engines["transformers"] = carried_by_ray("backend.engines.transformers", settings)
    return engines
