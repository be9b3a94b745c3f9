-- Everything here can be made again from the ledger and the published file.

CREATE TABLE recipe (sha256 VARCHAR);

CREATE TABLE head (number BIGINT, hash VARCHAR, byte_offset BIGINT);

-- Every line of the ledger, whatever it does.
CREATE TABLE ledger_line (number BIGINT NOT NULL, hash VARCHAR NOT NULL, written_at TIMESTAMPTZ NOT NULL);

CREATE TABLE benchmark (level INTEGER, task VARCHAR);
CREATE TABLE expected (provenance VARCHAR, task VARCHAR, metric VARCHAR);

CREATE TABLE result (
    id VARCHAR NOT NULL,
    number BIGINT,
    provenance VARCHAR NOT NULL,
    edition VARCHAR NOT NULL,
    protocol VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    model_id VARCHAR,
    revision VARCHAR,
    params DOUBLE,
    licence VARCHAR,
    architecture VARCHAR,
    base_model VARCHAR,
    domain VARCHAR,
    engine VARCHAR,
    submission_id VARCHAR,
    published_at TIMESTAMPTZ,
    dtype VARCHAR,
    weights_sha256 VARCHAR,
    content VARCHAR -- the whole result, as the ledger's line holds it
);

CREATE TABLE score (
    result_id VARCHAR NOT NULL,
    task VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    value DOUBLE,
    low DOUBLE,
    high DOUBLE,
    n BIGINT NOT NULL,
    missing VARCHAR
);

CREATE TABLE diagnostics (
    result_id VARCHAR NOT NULL,
    task VARCHAR NOT NULL,
    n BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    empty BIGINT NOT NULL,
    unparsable BIGINT NOT NULL,
    truncated BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    output_tokens DOUBLE,
    seconds DOUBLE
);

-- Lines of the ledger that a later line superseded or withdrew, and why.
CREATE TABLE retired (
    number BIGINT NOT NULL,
    by_number BIGINT NOT NULL,
    withdrawn BOOLEAN NOT NULL,
    reason VARCHAR,
    retired_at TIMESTAMPTZ
);

-- The line that the views look back to: the variable `line` of the connection that asks, without one the last.
CREATE MACRO looked_back_to() AS coalesce(getvariable('line')::BIGINT, 9223372036854775807);

-- One row per model on the board: of what was not taken back, the latest result of each commit, engine and protocol.
CREATE VIEW standing AS
SELECT * FROM result
WHERE number <= looked_back_to()
AND number NOT IN (SELECT number FROM retired WHERE by_number <= looked_back_to())
QUALIFY row_number() OVER (
    PARTITION BY provenance, edition, protocol, engine, coalesce(lower(model_id), label), revision ORDER BY number DESC
) = 1;

-- A task's score: the mean of all the metrics it is made of, missing when one of them is.
CREATE VIEW task_cell AS
SELECT
    standing.id AS result_id,
    expected.task,
    CASE WHEN count(score.value) = count(*) THEN avg(score.value) END AS value,
    any_value(whole.low) AS low,
    any_value(whole.high) AS high,
    coalesce(any_value(whole.n), 0) AS n,
    any_value(whole.missing) AS missing
FROM standing
JOIN expected USING (provenance)
LEFT JOIN score ON score.result_id = standing.id AND score.task = expected.task AND score.metric = expected.metric
LEFT JOIN score AS whole
    ON whole.result_id = standing.id AND whole.task = expected.task AND whole.metric = 'task_score'
GROUP BY standing.id, expected.task;

-- A level's score: the mean of its three task scores, missing when one of them is. Tasks are sampled independently, so
-- the limits of their mean lie as far from it as the root of the sum of the squares of the parts' own distances, divided
-- by their number (Zou & Donner, 2008, Statistics in Medicine 27, 1693): never outside 0 to 100, skewed as the parts are.
CREATE VIEW level_cell AS
SELECT
    standing.id AS result_id,
    benchmark.level,
    CASE WHEN count(task_cell.value) = count(*) THEN avg(task_cell.value) END AS value,
    CASE WHEN count(task_cell.low) = count(*)
        THEN avg(task_cell.value) - sqrt(sum((task_cell.value - task_cell.low) ** 2)) / count(*) END AS low,
    CASE WHEN count(task_cell.high) = count(*)
        THEN avg(task_cell.value) + sqrt(sum((task_cell.high - task_cell.value) ** 2)) / count(*) END AS high,
    CAST(sum(coalesce(task_cell.n, 0)) AS BIGINT) AS n,
    list(benchmark.task ORDER BY benchmark.task) FILTER (task_cell.value IS NULL) AS without
FROM standing
CROSS JOIN benchmark
LEFT JOIN task_cell ON task_cell.result_id = standing.id AND task_cell.task = benchmark.task
GROUP BY standing.id, benchmark.level;

CREATE VIEW measured_cell AS
SELECT result_id, task || '.' || metric AS cell, value, low, high, n, missing FROM score WHERE metric <> 'task_score'
UNION ALL
SELECT result_id, task, value, low, high, n, missing FROM task_cell
UNION ALL
SELECT result_id, 'level_' || level, value, low, high, n,
    CASE WHEN value IS NULL THEN 'The average needs every task of the level; without a score: ' || array_to_string(without, ', ') || '.' END
FROM level_cell
UNION ALL
SELECT result_id, 'overall', CASE WHEN count(value) = 2 THEN avg(value) END,
    CASE WHEN count(low) = 2 THEN avg(value) - sqrt(sum((value - low) ** 2)) / 2 END,
    CASE WHEN count(high) = 2 THEN avg(value) + sqrt(sum((high - value) ** 2)) / 2 END,
    CAST(sum(n) AS BIGINT),
    CASE WHEN count(value) < 2 THEN 'The average needs both levels.' END
FROM level_cell GROUP BY result_id;

-- Every cell of the board in one long table; `cell` is the column's name. What has no value has a reason instead.
CREATE VIEW cell AS
SELECT
    result_id, cell, value,
    CASE WHEN value IS NOT NULL THEN low END AS low,
    CASE WHEN value IS NOT NULL THEN high END AS high,
    n,
    CASE WHEN value IS NULL THEN coalesce(missing, 'It was not measured.') END AS missing
FROM measured_cell;
