"""How far the turning of a token (rotary position embedding) is decided by its place alone."""

from typing import Any

EVEN = frozenset({"default", "linear", "llama3", "yarn", "proportional"})


def even_length(config: Any) -> float:
    """Texts of up to so many tokens are turned alike; beyond, the longest text of a batch has a say.

    0 where nothing is known of the kind, infinity where a token's place is all that counts. A "dynamic" rope is even
    within the model's window, and "longrope" within the one it was first trained with.
    """
    return min((_even_length(kind, config) for kind in _kinds(config)), default=float("inf"))


def _kinds(config: Any) -> list[dict[str, Any]]:
    given = getattr(config, "rope_parameters", None) or {}
    kinds = [given, *(part for part in given.values() if isinstance(part, dict))]
    return [kind for kind in kinds if "rope_type" in kind]


def _even_length(kind: dict[str, Any], config: Any) -> float:
    match kind["rope_type"]:
        case "dynamic":
            return float(config.max_position_embeddings)
        case "longrope":
            return float(kind.get("original_max_position_embeddings") or 0)
        case name:
            return float("inf") if name in EVEN else 0.0
