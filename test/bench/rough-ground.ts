// The rough ground of the terrain benches: one tile of 1″ made by numpy from a seed.

/** Points on a side. */
export const SIDE = 3_601

/** Python that leaves the heights in `z` (float32, 0–1,800 m), their number a side in `n` and the generator in `rng`. */
export const ROUGH_GROUND = `
import numpy as np
n = ${SIDE}
rng = np.random.default_rng(7)
def spectral(beta):
    f = np.fft.fftfreq(4096)[:, None]**2 + np.fft.rfftfreq(4096)[None, :]**2
    f[0, 0] = 1
    a = f**(-beta/4)
    z = np.fft.irfft2(a * (rng.normal(size=a.shape) + 1j*rng.normal(size=a.shape)), s=(4096, 4096))
    return (z - z.mean()) / z.std()
z = (spectral(3.9) + 0.12*spectral(2.8))[:n, :n]
z = (((z - z.min()) / (z.max() - z.min()))**1.3 * 1800).astype('f4')
`
