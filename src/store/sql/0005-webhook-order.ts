// Endpoints may ask for their messages in strict order, and for Ed25519 signatures (v1a) beside the shared secret's.

export const WEBHOOK_ORDER_SQL = `
ALTER TABLE webhook_endpoints ADD COLUMN strict_order INTEGER NOT NULL DEFAULT 0 CHECK (strict_order IN (0, 1));
ALTER TABLE webhook_endpoints ADD COLUMN signing_seed BLOB CHECK (signing_seed IS NULL OR length(signing_seed) = 32);
`
