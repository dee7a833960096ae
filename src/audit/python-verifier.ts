// The second verifier: plain Python without packages, written apart from ours, with its own Ed25519. It travels as text inside the
// program, so that every bundle can carry it.
import {
  CHECKPOINT_PATTERN,
  DATA_PATTERN,
  ENTRY_PATTERN,
  MANIFEST_PATTERN,
  STRING_PATTERN,
  VKEY_PATTERN,
} from './bundle-format.ts'
import { NAME_PATTERN } from './note.ts'

export const PYTHON_VERIFIER = `#!/usr/bin/env python3
"""Checks an audit bundle of sisrua: python3 verify.py [folder] [--vkey KEY ...] [--anchor FILE ...]; see METHOD.txt.
Exit 0 good, 2 tampered, 3 rolled back or truncated, 4 cannot decide. Prints one JSON line. Needs Python 3.8, no packages."""
import argparse, base64, hashlib, json, os, re, sys
P = 2**255 - 19; Q = 2**252 + 27742317777372353535851937790883648493; D = -121665 * pow(121666, -1, P) % P
def sha(data): return hashlib.sha256(data).digest()
def point(data):  # RFC 8032, 5.1.3
    y = int.from_bytes(data, 'little'); odd, y = y >> 255, y & (2**255 - 1); u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P: x = x * pow(2, (P - 1) // 4, P) % P
    if (v * x * x - u) % P or y >= P or (x == 0 and odd): raise ValueError('not on the curve')
    x = P - x if x % 2 != odd else x
    return x, y, 1, x * y % P
def add(a, b):  # RFC 8032, 5.1.4
    e, f = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0]); g, h = 2 * a[3] * b[3] * D, 2 * a[2] * b[2]
    e, f, g, h = (f - e) % P, (h - g) % P, (h + g) % P, (f + e) % P
    return e * f % P, g * h % P, f * g % P, e * h % P
BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, 'little'))
def signed(key, text, signature):  # s B - k A = R
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], 'little')
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), 'little') % Q
    minus = (P - a[0], a[1], 1, P - a[3]); table = [(0, 1, 1, 0), BASE, minus, add(BASE, minus)]; t = table[0]
    for i in range(255, -1, -1): t = add(t, t); t = add(t, table[(s >> i & 1) | (k >> i & 1) << 1])
    return s < Q and (t[0] - r[0] * t[2]) % P == 0 and (t[1] - r[1] * t[2]) % P == 0
def b64(text):
    raw = base64.b64decode(text)
    if base64.b64encode(raw).decode() != text: raise ValueError('base64')
    return raw
def keys_of(vkey):  # name, id, key of a verifier key
    m = re.fullmatch(r'''${VKEY_PATTERN}''', vkey)
    raw = b64(m[3]) if m else b''
    return (m[1], raw) if m and raw[0] == 1 and sha(m[1].encode() + b'\\n' + raw)[:4].hex() == m[2] else None
def opened(note, name):  # the text, when the believed key of this name signed it
    try:
        raw = trust[name]; cut = note.rindex('\\n\\n'); text = note[:cut + 1]
        for line in note[cut + 2:-1].split('\\n'):
            m = re.fullmatch(r'\\u2014 (${NAME_PATTERN}) ([A-Za-z0-9+/]+={0,2})', line); sig = b64(m[2])
            if m[1] == name and len(sig) == 68 and sig[:4] == sha(name.encode() + b'\\n' + raw)[:4]:
                return text if note[-1] == '\\n' and signed(raw[1:], text.encode(), sig[4:]) else None
    except (ValueError, TypeError, KeyError, IndexError): pass
    return None
def fold(stack):  # RFC 6962 root from the roots of complete subtrees
    root = stack[-1] if stack else sha(b'')
    for left in stack[-2::-1]: root = sha(b'\\x01' + left + root)
    return root
def blame(seq, what):
    global first
    faults.append(what)
    if seq is not None and (first is None or seq < first): first = seq
def unquote(quoted):  # nearly always only quotes are escaped
    plain = quoted[1:-1].replace(b'\\\\"', b'"')
    return plain if b'\\\\' not in plain else json.loads(quoted.decode('latin1'), strict=False).encode('latin1')
def texts(name):
    lines = read(name).split(b'\\n'); found = []
    if lines.pop(): blame(None, name + ' is torn')
    for line in lines:
        if re.fullmatch(rb'''${STRING_PATTERN}''', line): found.append(unquote(line).decode('utf8', 'replace'))
        else: blame(None, name + ' is malformed')
    return found
def claim(note): return re.match(r'''${CHECKPOINT_PATTERN}''', note)
def read(name):
    with open(os.path.join(args.folder, name), 'rb') as f: return f.read()
def check():
    global size
    manifest = re.fullmatch(rb'''${MANIFEST_PATTERN}''', read('manifest.json')); log = manifest[2].decode(); claimed = int(manifest[3])
    notes, anchors, keys = texts('checkpoints.ndjson'), texts('anchors.ndjson'), texts('keys.ndjson')
    given = [open(a, encoding='utf8', newline='').read() for a in args.anchor]; leaves = read('leaves.bin')
    wanted = {int(m[2]) for m in map(claim, notes + anchors + given) if m}; roots = {0: sha(b'')}; stack = []; chain = bytes(32)
    commits = []; keyed = []; erased = []; entry = re.compile(rb'''${ENTRY_PATTERN}''').fullmatch; data_file = open(os.path.join(args.folder, 'data.ndjson'), 'rb')
    sha256 = hashlib.sha256; quoted_log = b'"%s"' % log.encode()
    with open(os.path.join(args.folder, 'entries.ndjson'), 'rb') as f:
        for line in f:
            if line[-1] != 10: cuts.append('entries.ndjson is torn'); break
            line = line[:-1]; m = entry(line)
            if not m: return blame(size, 'an entry is malformed or out of order')
            commit, about, kind, event, its_log, seq = m.groups()
            if int(seq) != size or its_log != quoted_log: return blame(size, 'an entry is malformed or out of order')
            leaf = node = sha256(b'\\0' + line).digest()
            if leaves[32 * size:32 * size + 32] != leaf: blame(size, 'an entry was changed')
            chain = sha256(b'\\x02' + chain + leaf).digest(); commits.append(None if commit == b'null' else bytes.fromhex(commit[1:-1].decode())); n = size
            while n & 1: node = sha256(b'\\x01' + stack.pop() + node).digest(); n >>= 1
            stack.append(node)
            if kind[:7] == b'"audit.' and about != b'null':
                if kind == b'"audit.key"': keyed.append((size, event[1:-1], unquote(about).decode('utf8', 'replace')))
                elif kind == b'"audit.entry"' and event == b'"data.erased"': erased.append(unquote(about).decode('utf8', 'replace'))
            size += 1
            if size in wanted: roots[size] = fold(stack)
    if size < claimed: cuts.append('entries are missing at the end')
    elif size > claimed: blame(claimed, 'more entries than stated')
    else:
        if chain.hex() != manifest[1].decode(): blame(None, 'the chain ends elsewhere than stated')
        if len(leaves) != 32 * size: blame(None, 'leaves are left over')
    previous = -1; state = [c is not None for c in commits]; told = {}; telling = {k[0] for k in keyed}; datum = re.compile(rb'''${DATA_PATTERN}''').fullmatch
    for line in data_file:
        if line[-1] != 10: blame(None, 'data.ndjson is torn'); break
        m = datum(line[:-1])
        if not m: blame(None, 'data.ndjson is malformed'); continue
        quoted, salt, seq = m.groups(); seq = int(seq); data = unquote(quoted)
        if seq >= size:
            if size >= claimed: blame(None, 'data without an entry')
        elif seq <= previous or commits[seq] is None or sha256(b'\\x03' + bytes.fromhex(salt.decode()) + data).digest() != commits[seq]: blame(seq, 'data was changed')
        else:
            previous = seq; state[seq] = False
            if seq in telling: told[seq] = json.loads(data)
    for part in ','.join(erased).split(','):
        m = re.fullmatch(r'([1-9][0-9]{0,14})(?:-([1-9][0-9]{0,14}))?', part)
        for i in range(int(m[1]), min(int(m[2] or m[1]), size) + 1) if m else (): state[i - 1] = False
    if True in state: blame(state.index(True), 'data was removed without an entry that says so')
    for k in filter(None, map(keys_of, args.vkey or keys[:1])): trust[k[0]] = k[1]
    for seq, _, vkey in keyed:
        note = told.get(seq, {}).get('handover')
        if told.get(seq, {}).get('reason') == 'rolled_back': cuts.append('the log itself tells of a rollback')
        name = note.split('\\n')[0] if isinstance(note, str) else None
        if name not in trust: continue
        if opened(note, name) != '%s\\nhandover\\n%s\\n%d\\n' % (name, vkey, seq): blame(seq, 'the older key did not vouch for this one')
        elif keys_of(vkey): trust[name_of(vkey)] = keys_of(vkey)[1]
    def signer(at):
        name = name_of(keys[0]) if keys else ''
        for seq, event, vkey in keyed: name = name_of(vkey) if at > seq + (event == b'key.rotated') else name
        return name
    def epoch(name):
        m = re.search(r'/e([0-9]{1,15})\\Z', name); return int(m[1]) if m else 0
    settled = max([epoch(name_of(v)) for s, _, v in keyed if told.get(s, {}).get('reason') == 'rolled_back'], default=0)
    good = set(); bad = []; undecided = False
    for i, note in enumerate(notes + anchors + given):
        m = claim(note); kept = i >= len(notes) + len(anchors); at = int(m[2]) if m else 0; own = m and m[1].startswith('sisrua.local/audit/%s/e' % log)
        if own and m[1] in trust and opened(note, m[1]) is not None:
            if at > size: cuts.append('a signed note speaks of %d entries' % at); continue
            if i < len(notes) and signer(at) != m[1]: blame(None, 'a checkpoint is signed by the key of another epoch')
            if roots[at] == base64.b64decode(m[3]): good |= {(at, m[1])} if i < len(notes) else set()
            elif settled > epoch(m[1]): cuts.append('a signed note from before a rollback')
            else: bad.append(at)
        elif kept: undecided = True
        elif not own or m[1] in trust: blame(None, 'a note is not a checkpoint of this log, or not signed by its key')
    done = max([g[0] for g in good], default=0)
    if bad: blame(max([g[0] for g in good if g[0] < min(bad)], default=0) if first is None else None, 'the entries do not lead to a signed root')
    elif good and size > done: blame(done, 'entries at the end are not signed')
    for seq, event, _ in keyed:
        if event == b'key.rotated' and signer(seq + 1) in trust and (seq + 1, signer(seq + 1)) not in good: blame(seq, 'an epoch ended without a checkpoint of its key')
    if not good: doubts.append('no checkpoint is signed by a believed key')
    if undecided: doubts.append('a note from elsewhere cannot be checked')
def name_of(vkey): return vkey.split('+')[0]
parser = argparse.ArgumentParser(); parser.add_argument('folder', nargs='?', default=os.path.dirname(os.path.abspath(__file__)))
parser.add_argument('--vkey', action='append', default=[]); parser.add_argument('--anchor', action='append', default=[]); args = parser.parse_args()
trust = {}; faults = []; cuts = []; doubts = []; first = None; size = 0
try: check(); code, why = (2, faults) if faults else (3, cuts) if cuts else (4, doubts) if doubts else (0, ['every entry is signed for and none was changed'])
except Exception as problem: code, why, first, size = 4, ['the bundle cannot be read: %s' % type(problem).__name__], None, 0
print(json.dumps({'code': code, 'first_bad': first if code == 2 else None, 'reason': why[0], 'size': size}))
sys.exit(code)
`
