SELECT count(*) AS n FROM kv
