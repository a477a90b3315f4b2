/* The inner loops of audio/kalman_state.py, which says what they compute; compiled where there is a
 * compiler, for boards on which NumPy's calls take longer than a frame.
 *
 * Everything lies row by row: `rows` partitions of `bins` frequencies. Complex numbers are pairs of
 * floats. Every loop over bins is one that a compiler makes vectors of without reordering a sum.
 * Nothing is taken from outside but memmove and memset, which whatever loads it has: it links
 * without a C library, for another processor too.
 */

typedef __SIZE_TYPE__ size_t;
void *memmove(void *to, const void *from, size_t bytes);

/* Every row becomes the one above it; row 0 stays for the caller to fill. */
void kalman_advance(float *spectra, float *powers, long rows, long bins)
{
    memmove(powers + bins, powers, (size_t)((rows - 1) * bins) * sizeof(float));
    memmove(spectra + 2 * bins, spectra, (size_t)(2 * (rows - 1) * bins) * sizeof(float));
}

/* out[b] = sum over rows of spectra * weights */
void kalman_echo(const float *restrict spectra, const float *restrict weights, long rows, long bins,
                 float *restrict out)
{
    for (long b = 0; b < 2 * bins; b++)
        out[b] = 0.0f;
    for (long row = 0; row < rows; row++, spectra += 2 * bins, weights += 2 * bins)
        for (long b = 0; b < bins; b++) {
            const float re = spectra[2 * b], im = spectra[2 * b + 1];
            const float w_re = weights[2 * b], w_im = weights[2 * b + 1];
            out[2 * b] += re * w_re - im * w_im;
            out[2 * b + 1] += re * w_im + im * w_re;
        }
}

/* out[b] = sum over rows of variance * powers */
void kalman_expected(const float *restrict variance, const float *restrict powers, long rows,
                     long bins, float *restrict out)
{
    for (long b = 0; b < bins; b++)
        out[b] = 0.0f;
    for (long row = 0; row < rows; row++, variance += bins, powers += bins)
        for (long b = 0; b < bins; b++)
            out[b] += variance[b] * powers[b];
}

/* weights += variance * inverse * conj(spectra) * error */
void kalman_adapt(const float *restrict spectra, float *restrict weights,
                  const float *restrict variance, const float *restrict inverse,
                  const float *restrict error, long rows, long bins)
{
    for (long row = 0; row < rows; row++) {
        for (long b = 0; b < bins; b++) {
            const float gain = variance[b] * inverse[b];
            const float re = spectra[2 * b], im = spectra[2 * b + 1];
            const float e_re = error[2 * b], e_im = error[2 * b + 1];
            weights[2 * b] += gain * (re * e_re + im * e_im);
            weights[2 * b + 1] += gain * (re * e_im - im * e_re);
        }
        spectra += 2 * bins, weights += 2 * bins, variance += bins;
    }
}

/* variance *= keep * (1 - overlap * variance * inverse * powers), then += (1 - keep) |weights|^2 */
void kalman_settle(float *restrict variance, const float *restrict powers,
                   const float *restrict weights, const float *restrict inverse, long rows,
                   long bins, float keep, float overlap, float least)
{
    for (long row = 0; row < rows; row++) {
        for (long b = 0; b < bins; b++) {
            const float old = variance[b];
            const float w_re = weights[2 * b], w_im = weights[2 * b + 1];
            const float kept = old * (keep - overlap * keep * old * inverse[b] * powers[b]);
            const float made = kept + (1.0f - keep) * (w_re * w_re + w_im * w_im);
            variance[b] = made > least ? made : least;
        }
        variance += bins, powers += bins, weights += 2 * bins;
    }
}
