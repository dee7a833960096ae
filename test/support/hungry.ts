// Preloaded with --import: on SIGUSR2 the program grows by HUNGRY_MIB, in buffers outside of V8's heap, and keeps them.
const held: Buffer[] = []
process.on('SIGUSR2', () => {
  for (let n = 0; n < Number(process.env.HUNGRY_MIB); n += 64)
    held.push(Buffer.alloc(64 * 2 ** 20, 1))
})
