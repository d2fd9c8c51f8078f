-- 007.sql: when the last pause of an environment began; its end is resumed_at.
ALTER TABLE environment ADD COLUMN paused_at INTEGER NOT NULL DEFAULT 0;
