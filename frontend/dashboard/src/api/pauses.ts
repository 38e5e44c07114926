/** How long to wait before one tries again. */

const FIRST_MS = 500
const LONGEST_MS = 10_000

/** In milliseconds, after so many failures: it grows, and differs from page to page. */
export const pauseAfter = (failures: number) => Math.min(FIRST_MS * 2 ** failures, LONGEST_MS) * (0.75 + Math.random() / 2)
