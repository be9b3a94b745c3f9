"""What a record of Every Eval Ever must be to be taken, as its schema 0.3.0 and its datastore's checks say."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, StrictBool, StrictInt, StrictStr

Details = dict[StrictStr, StrictStr]
Seconds = Annotated[StrictStr, Field(pattern=r"^\d{10}$")]


class Part(BaseModel):
    """Strict about what is known; what else a part may have, the schema does not limit."""

    model_config = ConfigDict(strict=True, extra="allow")


class Source(Part):
    """Who measured."""

    source_type: Literal["documentation", "evaluation_run"]
    source_organization_name: str
    evaluator_relationship: Literal["first_party", "third_party", "collaborative", "other"]
    source_name: str
    source_organization_url: str | None = None
    additional_details: Details


class Library(Part):
    """What measured."""

    name: str
    version: str
    additional_details: Details


class ModelDetails(BaseModel):
    """All values are strings, two of them of a closed set."""

    model_config = ConfigDict(strict=True, extra="allow")
    __pydantic_extra__: dict[str, StrictStr]
    deployment_type: Literal["self_deployed", "externally_managed", "unknown"]
    model_availability: Literal["open_weights", "closed_weights", "unknown"]


class Engine(Part):
    """What ran the model."""

    name: str
    version: str


class ModelInfo(Part):
    """Which model was measured."""

    name: str
    id: str
    developer: str
    inference_engine: Engine
    additional_details: ModelDetails


class OtherData(BaseModel):
    """Data of neither the Hub nor an address; the three kinds exclude each other, so it has nothing of theirs."""

    model_config = ConfigDict(strict=True, extra="forbid")
    dataset_name: str
    source_type: Literal["other"]
    additional_details: Details


class MetricConfig(Part):
    """What the score means; a continuous one has both bounds."""

    lower_is_better: StrictBool
    score_type: Literal["continuous"]
    min_score: FiniteFloat
    max_score: FiniteFloat
    metric_id: str
    metric_name: str
    metric_unit: str
    evaluation_description: str


class Interval(Part):
    """Both ends, and how sure."""

    lower: FiniteFloat
    upper: FiniteFloat
    confidence_level: FiniteFloat
    method: str


class Uncertainty(Part):
    """How sure a score is."""

    confidence_interval: Interval | None = None
    num_samples: StrictInt
    num_bootstrap_samples: StrictInt | None = None


class ScoreDetails(Part):
    """The score."""

    score: FiniteFloat
    uncertainty: Uncertainty


class GenerationArgs(Part):
    """How answers were made."""

    temperature: FiniteFloat
    execution_command: str


class GenerationConfig(Part):
    """Its only part that we fill."""

    generation_args: GenerationArgs


class EvaluationResult(Part):
    """One score."""

    evaluation_result_id: str
    evaluation_name: str
    source_data: OtherData
    metric_config: MetricConfig
    score_details: ScoreDetails
    generation_config: GenerationConfig


def within_bounds(results: list[EvaluationResult]) -> list[EvaluationResult]:
    for result in results:
        config = result.metric_config
        assert config.min_score <= result.score_details.score <= config.max_score
    return results


class EvaluationRecord(BaseModel):
    """The whole; it may have no member of another name."""

    model_config = ConfigDict(strict=True, extra="forbid")
    schema_version: Literal["0.3.0"]
    evaluation_id: Annotated[StrictStr, Field(pattern=r"^clue/[^/]+/\d{10}$")]
    evaluation_timestamp: Seconds
    retrieved_timestamp: Seconds
    source_metadata: Source
    eval_library: Library
    model_info: ModelInfo
    evaluation_results: Annotated[list[EvaluationResult], AfterValidator(within_bounds)]


def read_record(record: Any) -> EvaluationRecord:
    """The record, or what is wrong with it as pydantic's ValidationError."""
    return EvaluationRecord.model_validate(record)
