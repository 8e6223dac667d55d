// The error that a scheduler raises itself when a vtime is too far ahead: its numbers, as its message gives them.

export interface ErrorRecord {
  readonly pid: number;
  readonly vtime: bigint;
  readonly basis: bigint | undefined;
  readonly diff: bigint | undefined;
}

/** `… vtime too far ahead: pid=1138 vtime=1010332763 basis=52859216 diff=957473547 …`; undefined for other messages. */
export function parseErrorRecord(message: string): ErrorRecord | undefined {
  if (!/vtime\b.*\btoo far ahead/.test(message)) return undefined;
  const number = (name: string): bigint | undefined => {
    const text = new RegExp(`\\b${name}=(\\d+)`).exec(message)?.[1];
    return text === undefined ? undefined : BigInt(text);
  };
  const pid = number('pid');
  const vtime = number('vtime');
  if (pid === undefined || vtime === undefined) return undefined;
  return { pid: Number(pid), vtime, basis: number('basis'), diff: number('diff') };
}
