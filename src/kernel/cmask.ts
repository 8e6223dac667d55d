// struct scx_cmask: a window of cids with bits; how large it is in words, and when the kernel refuses one.

const WORD_BITS = 64;

/** Words that a mask of `nrCids` cids must provide (SCX_CMASK_NR_WORDS): one more than needed, for unaligned bases. */
export function cmaskStorageWords(nrCids: number): number {
  return Math.ceil(nrCids / WORD_BITS) + 1;
}

/** Words that a window really covers. Words lie on the global grid of 64 cids. */
export function cmaskUsedWords(base: number, nrCids: number): number {
  return nrCids === 0 ? 0 : Math.floor(((base % WORD_BITS) + nrCids - 1) / WORD_BITS) + 1;
}

/** Word of the mask in which a cid lies. */
export function cmaskWordIndex(base: number, cid: number): number {
  return Math.floor(cid / WORD_BITS) - Math.floor(base / WORD_BITS);
}

/** Does the kernel accept a window that a BPF program passes? Otherwise -EINVAL. */
export function isValidCmask(base: number, nrCids: number, allocWords: number, nrPossible: number): boolean {
  return base < nrPossible && nrCids <= nrPossible - base && cmaskStorageWords(nrCids) <= allocWords;
}
