// What kind of place an IP address is: the public Internet, this machine, the local network, or nowhere a request may go.
// Sources: IANA special-purpose registries for IPv4 and IPv6 (RFC 6890 and its updates), RFC 6052 for NAT64.
import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** `never`: link-local, metadata services, multicast, reserved, documentation, tunnels that hide an IPv4 address. */
export type AddressClass = 'public' | 'loopback' | 'private' | 'never'

const LOOPBACK_4 = ['127.0.0.0/8']
const PRIVATE_4 = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10']
const NEVER_4 = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  // A metadata service inside the carriers' range.
  '100.100.100.200/32',
]
const PRIVATE_6 = ['fc00::/7']
const NEVER_6 = [
  // A metadata service inside the unique local range.
  'fd00:ec2::254/128',
  // Teredo, ORCHID and other protocol assignments; documentation; 6to4.
  '2001::/23',
  '2001:db8::/32',
  '3fff::/20',
  '2002::/16',
]
/** Only this part of IPv6 is given out for public use. */
const PUBLIC_6 = ['2000::/3']

const list = (subnets: readonly string[], family: 'ipv4' | 'ipv6'): BlockList => {
  const made = new BlockList()
  for (const subnet of subnets) {
    const [address = '', bits] = subnet.split('/')
    made.addSubnet(address, Number(bits), family)
  }
  return made
}
const never4 = list(NEVER_4, 'ipv4')
const loopback4 = list(LOOPBACK_4, 'ipv4')
const private4 = list(PRIVATE_4, 'ipv4')
const never6 = list(NEVER_6, 'ipv6')
const private6 = list(PRIVATE_6, 'ipv6')
const public6 = list(PUBLIC_6, 'ipv6')

/** The class of a literal address without brackets; anything that is not one is `never`. */
export function classifyAddress(address: string): AddressClass {
  if (isIPv4(address)) {
    if (never4.check(address)) return 'never'
    if (loopback4.check(address)) return 'loopback'
    return private4.check(address) ? 'private' : 'public'
  }
  // A zone (`fe80::1%eth0`) only makes sense for link-local addresses.
  if (!isIPv6(address) || address.includes('%')) return 'never'
  const groups = groupsOf(address)
  const inner = `${groups[6]! >> 8}.${groups[6]! & 255}.${groups[7]! >> 8}.${groups[7]! & 255}`
  const head = groups.slice(0, 6).join(',')
  // An IPv4 address in IPv6 clothes is what it is underneath: mapped, or translated by NAT64.
  if (head === '0,0,0,0,0,65535' || head === `${0x64},${0xff9b},0,0,0,0`) {
    return classifyAddress(inner)
  }
  if (head === '0,0,0,0,0,0' && groups[6] === 0 && groups[7] === 1) return 'loopback'
  if (never6.check(address, 'ipv6')) return 'never'
  if (private6.check(address, 'ipv6')) return 'private'
  return public6.check(address, 'ipv6') ? 'public' : 'never'
}

/** The eight groups of an IPv6 address; the URL parser writes every spelling in hexadecimal. */
function groupsOf(address: string): number[] {
  const plain = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [left = '', right] = plain.split('::')
  const before = left === '' ? [] : left.split(':')
  const after = right === undefined || right === '' ? [] : right.split(':')
  const gap = right === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...new Array<string>(gap).fill('0'), ...after].map((group) =>
    Number.parseInt(group, 16),
  )
}
