// The export bundle: names of its files and the exact form of their lines. Every line has one spelling only, so that two
// verifiers cannot read the same bytes differently. Patterns work on bytes, written as one character each (latin1).
import { NAME_PATTERN } from './note.ts'

export const BUNDLE_FILES = {
  manifest: 'manifest.json',
  entries: 'entries.ndjson',
  data: 'data.ndjson',
  leaves: 'leaves.bin',
  checkpoints: 'checkpoints.ndjson',
  keys: 'keys.ndjson',
  anchors: 'anchors.ndjson',
  method: 'METHOD.txt',
  verifier: 'verify.py',
} as const

/** A JSON string as RFC 8785 spells it. */
export const STRING_PATTERN =
  '"[^"\\\\\\x00-\\x1f]*(?:\\\\(?:["\\\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f]))[^"\\\\\\x00-\\x1f]*)*"'
const NUMBER_PATTERN = '(?:0|[1-9][0-9]{0,14})'

const S = STRING_PATTERN
const N = NUMBER_PATTERN

/** Groups: data_commit, entity_id, entity_type, event_type, log, seq. */
export const ENTRY_PATTERN =
  `\\{"actor":\\{"id":${S},"role":${S}\\},"at":-?${N},"boot":${S},"data_commit":(null|"[0-9a-f]{64}")` +
  `,"entity_id":(null|${S}),"entity_type":(${S}),"event_type":(${S}),"log":(${S}),"seq":(${N}),"v":1\\}`
/** Groups: data (canonical JSON as a string), salt, seq. */
export const DATA_PATTERN = `\\{"data":(${S}),"salt":"([0-9a-f]{32})","seq":(${N})\\}`
/** Groups: chain, log, size. */
export const MANIFEST_PATTERN = `\\{"chain":"([0-9a-f]{64})","log":"([0-9A-Za-z-]{1,64})","size":(${N}),"v":1\\}\\n`
/** Groups: name, key id, algorithm and key. */
export const VKEY_PATTERN = `(${NAME_PATTERN})\\+([0-9a-f]{8})\\+([A-Za-z0-9+/]{44})`
/** Groups: text with its checkpoint's name, size and root, or any text; see `handover` in METHOD. */
export const CHECKPOINT_PATTERN = `(${NAME_PATTERN})\\n(${N})\\n([A-Za-z0-9+/]{43}=)\\n`

/** Notes in anchors.ndjson: the verifier in Python takes 3 ms for each. */
export const ANCHORS_EXPORTED = 10_000

/** What goes into the bundle for a person. */
export const METHOD_TEXT = `How to check this bundle
========================
python3 verify.py [folder] [--vkey KEY ...] [--anchor FILE ...]
  exit 0 good, 2 tampered, 3 rolled back or truncated, 4 cannot decide. Needs Python 3.8 and nothing else.
  --vkey    a verifier key you have from elsewhere; without it the first key of the bundle is believed.
  --anchor  a file with a signed note kept elsewhere (drawing, server, e-mail): the log must fulfil it.

entries.ndjson      entry i on line i, RFC 8785 JSON. Leaf = SHA-256(00 | entry). Tree: RFC 6962 (node = SHA-256(01 | left | right)).
leaves.bin          the leaves, 32 bytes each, so that a changed entry can be named.
manifest.json       log, number of entries, and the last link of chain_n = SHA-256(02 | chain_n-1 | leaf_n), chain_-1 = 32 zero bytes.
data.ndjson         data of entries: data_commit of entry seq = SHA-256(03 | salt | data). Erased data is missing here, and an
                    entry "data.erased" about "audit.entry" names the audit ids (seq + 1) it was taken from.
checkpoints.ndjson  signed notes (c2sp.org/signed-note, Ed25519) over checkpoints (c2sp.org/tlog-checkpoint), JSON strings.
keys.ndjson         verifier keys, one an epoch. A key is believed because the one before signed for it: the entry about
                    "audit.key" names it, and its data holds the note "name / handover / new key / seq" of the older key.
anchors.ndjson      notes that were kept outside of the database, signed by a key of this log: those that drawings handed in, then the
                    lines of the anchor folders. Each once, at most ${ANCHORS_EXPORTED}: if there are more, the newest.
An epoch that ends in "key.rotated" must have a checkpoint of its own key right after that entry. An epoch that begins with
"epoch.started", reason "rolled_back", says that entries which were signed before are gone.
`
