-- Rows are inserted by the column, many at once: a statement for each row takes a hundred times as long.

-- name: insert_result!
INSERT INTO result SELECT
    unnest(:id::VARCHAR[]), unnest(:number::BIGINT[]), unnest(:provenance::VARCHAR[]), unnest(:edition::VARCHAR[]),
    unnest(:protocol::VARCHAR[]), unnest(:label::VARCHAR[]), unnest(:model_id::VARCHAR[]),
    unnest(:revision::VARCHAR[]), unnest(:params::DOUBLE[]), unnest(:licence::VARCHAR[]),
    unnest(:architecture::VARCHAR[]), unnest(:base_model::VARCHAR[]), unnest(:domain::VARCHAR[]),
    unnest(:engine::VARCHAR[]), unnest(:submission_id::VARCHAR[]), unnest(:published_at::TIMESTAMPTZ[]),
    unnest(:dtype::VARCHAR[]), unnest(:weights_sha256::VARCHAR[]), unnest(:content::VARCHAR[]);

-- name: insert_score!
INSERT INTO score SELECT
    unnest(:result_id::VARCHAR[]), unnest(:task::VARCHAR[]), unnest(:metric::VARCHAR[]), unnest(:value::DOUBLE[]),
    unnest(:low::DOUBLE[]), unnest(:high::DOUBLE[]), unnest(:n::BIGINT[]), unnest(:missing::VARCHAR[]);

-- name: insert_diagnostics!
INSERT INTO diagnostics SELECT
    unnest(:result_id::VARCHAR[]), unnest(:task::VARCHAR[]), unnest(:n::BIGINT[]), unnest(:answered::BIGINT[]),
    unnest(:empty::BIGINT[]), unnest(:unparsable::BIGINT[]), unnest(:truncated::BIGINT[]),
    unnest(:refused::BIGINT[]), unnest(:output_tokens::DOUBLE[]), unnest(:seconds::DOUBLE[]);

-- name: insert_retired!
INSERT INTO retired SELECT
    unnest(:number::BIGINT[]), unnest(:by_number::BIGINT[]), unnest(:withdrawn::BOOLEAN[]),
    unnest(:reason::VARCHAR[]), unnest(:at::TIMESTAMPTZ[]);

-- name: insert_ledger_line!
INSERT INTO ledger_line SELECT
    unnest(:number::BIGINT[]), unnest(:hash::VARCHAR[]), unnest(:written_at::TIMESTAMPTZ[]);

-- name: insert_benchmark!
INSERT INTO benchmark SELECT
    unnest(:level::INTEGER[]), unnest(:task::VARCHAR[]);

-- name: insert_recipe!
INSERT INTO recipe SELECT
    unnest(:sha256::VARCHAR[]);

-- name: insert_expected!
INSERT INTO expected SELECT
    unnest(:provenance::VARCHAR[]), unnest(:task::VARCHAR[]), unnest(:metric::VARCHAR[]);

-- name: begin_head!
INSERT INTO head VALUES (0, repeat('0', 64), 0);

-- name: set_head!
UPDATE head SET number = :number, hash = :hash, byte_offset = :offset;

-- name: count_lines^
SELECT (SELECT count(*) FROM result WHERE number > 0) + (SELECT count(*) FROM retired WHERE withdrawn) AS told,
    (SELECT count(*) FROM ledger_line) AS lines;

-- name: look_back!
SET VARIABLE line = :line;

-- name: line_at^
SELECT number, hash, written_at FROM ledger_line WHERE number = :number;

-- name: line_before^
SELECT number, hash, written_at FROM ledger_line WHERE written_at < :end ORDER BY number DESC LIMIT 1;

-- name: since^
SELECT (SELECT count(*) FROM result WHERE number > :number) AS results_since,
    (SELECT count(*) FROM retired WHERE withdrawn AND by_number > :number) AS withdrawals_since;

-- name: newest_lines
SELECT ledger_line.*, retired.number AS retires FROM ledger_line
LEFT JOIN retired ON retired.by_number = ledger_line.number ORDER BY ledger_line.number DESC LIMIT :most;

-- name: get_head^
SELECT number, hash, byte_offset FROM head;

-- name: standings
SELECT * EXCLUDE (content) FROM standing
WHERE provenance = :provenance AND edition = :edition AND protocol = :protocol ORDER BY number, id;

-- name: cells
SELECT cell.* FROM cell JOIN standing ON standing.id = cell.result_id
WHERE standing.provenance = :provenance AND standing.edition = :edition AND standing.protocol = :protocol;

-- name: diagnostics
SELECT diagnostics.* FROM diagnostics JOIN standing ON standing.id = diagnostics.result_id
WHERE standing.provenance = :provenance AND standing.edition = :edition AND standing.protocol = :protocol;

-- name: retired
SELECT retired.*, result.submission_id FROM retired LEFT JOIN result ON result.number = retired.number
ORDER BY retired.number;

-- name: publication
SELECT id, number, submission_id, published_at, content FROM result WHERE number = :number AND content IS NOT NULL;

-- name: publications
SELECT id, number, submission_id, published_at, content FROM result
WHERE lower(model_id) = lower(:hub_id) AND content IS NOT NULL ORDER BY number DESC;

-- name: publications_at
SELECT id, number, submission_id, published_at, content FROM result
WHERE number IN (SELECT unnest(:numbers::BIGINT[])) AND content IS NOT NULL;

-- name: whole_board
SELECT
    nullif(standing.number, 0) AS number, submission_id, label, model_id, revision, provenance, edition, protocol, engine,
    domain, base_model, CAST(params AS BIGINT) AS params, published_at, cell, value, low, high, n, missing
FROM standing JOIN cell ON cell.result_id = standing.id
ORDER BY provenance, edition, protocol, standing.number, standing.id, cell;
