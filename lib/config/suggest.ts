/**
 * Guesses which word was meant. Pure.
 *
 * @module
 */

/** Longer words are not keys of ours, and comparing them would cost their product. */
const WORD_MAX_CHARACTERS = 40;

/**
 * Finds the candidate that differs least: by at most one edit in three to seven characters, two in
 * eight, and so on, where an edit inserts, deletes, replaces or swaps neighbours.
 *
 * @returns The first of the nearest candidates; undefined if none is near enough.
 */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > WORD_MAX_CHARACTERS) return undefined;
  const lower = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(lower, candidate);
    const length = Math.max(lower.length, candidate.length);
    // Two-letter words (`v1`) are one edit from everything.
    const allowed = length < 3 ? 0 : Math.max(1, Math.floor(length / 4));
    if (distance <= allowed && distance < bestDistance) {
      [best, bestDistance] = [candidate, distance];
    }
  }
  return best;
}

/** Counts the edits between two words: Damerau-Levenshtein, no substring edited twice. */
export function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array(b.length).fill(0)]);
  for (let j = 0; j <= b.length; j++) rows[0][j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.length][b.length];
}
