// Endpoints may ask for the second form of the body.

export const WEBHOOK_BODY_SQL = `
ALTER TABLE webhook_endpoints ADD COLUMN body_version INTEGER NOT NULL DEFAULT 1 CHECK (body_version IN (1, 2));
`
