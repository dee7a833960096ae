// What an endpoint is to be told next, found without a look at all that waits: a receiver that is away for days leaves tens of
// thousands of messages, and every delivery to any endpoint looked through them twice.

export const WEBHOOK_NEXT_SQL = `
CREATE INDEX webhook_deliveries_next ON webhook_deliveries (endpoint_id, next_at, n) WHERE state = 'waiting';
`
