-- name: insert_result!
INSERT INTO result VALUES (:id, :number, :provenance, :edition, :protocol, :label, :model_id, :revision, :params,
    :licence, :architecture, :base_model, :domain, :engine, :submission_id, :published_at);

-- name: insert_score*!
INSERT INTO score VALUES (:result_id, :task, :metric, :value, :low, :high, :n, :missing);

-- name: insert_diagnostics*!
INSERT INTO diagnostics VALUES (:result_id, :task, :n, :answered, :empty, :unparsable, :truncated, :refused,
    :output_tokens, :seconds);

-- name: insert_retired*!
INSERT INTO retired VALUES (:number, :by_number, :withdrawn, :reason, :at);

-- name: insert_benchmark*!
INSERT INTO benchmark VALUES (:level, :task);

-- name: insert_recipe*!
INSERT INTO recipe VALUES (:sha256);

-- name: insert_expected*!
INSERT INTO expected VALUES (:provenance, :task, :metric);

-- name: set_head!
UPDATE head SET number = :number, hash = :hash, byte_offset = :offset;

-- name: count_lines^
SELECT (SELECT count(*) FROM result WHERE number > 0) + (SELECT count(*) FROM retired WHERE withdrawn) AS lines;

-- name: get_head^
SELECT number, hash, byte_offset FROM head;

-- name: standings
SELECT * FROM standing
WHERE provenance = :provenance AND edition = :edition AND protocol = :protocol ORDER BY number, id;

-- name: cells
SELECT cell.* FROM cell JOIN standing ON standing.id = cell.result_id
WHERE standing.provenance = :provenance AND standing.edition = :edition AND standing.protocol = :protocol;

-- name: diagnostics
SELECT diagnostics.* FROM diagnostics JOIN standing ON standing.id = diagnostics.result_id
WHERE standing.provenance = :provenance AND standing.edition = :edition AND standing.protocol = :protocol;
