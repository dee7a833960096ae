// Looking entries of the audit log up by what they are about. Its two indexes cost every commit two pages; these tables are filled
// behind the log, many entries at once (audit-lookup.ts).

export const AUDIT_LOOKUP_SQL = `
DROP INDEX audit_by_entity;
DROP INDEX audit_by_event;

-- Entries below meta 'audit.looked_up'; those after it are found by reading them.
CREATE TABLE audit_of_entity (
  entity_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (entity_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit_of_event (
  event_type TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (event_type, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit_counts (
  kind TEXT NOT NULL CHECK (kind IN ('entity', 'event')),
  name TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count > 0),
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
`
