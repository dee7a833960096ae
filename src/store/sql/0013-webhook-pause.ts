// An endpoint that asks to be left alone for hours is left alone also after the program, which is started with every drawing session.

export const WEBHOOK_PAUSE_SQL = `
ALTER TABLE webhook_endpoints ADD COLUMN paused_until INTEGER;
`
