// Tells text of ftrace and of perf by its first lines.

const decoder = new TextDecoder();

/** `comm-12 [001] d..2. 45.123456: event: …`, with or without flags, thread group, time difference; the latency formats. */
const FTRACE =
  /^\s*\S.*-\d+\s+(?:\(\s*[\d-]+\)\s+)?(?:\[\d+\]\s+(?:[\w.#=*-]+\s+)?\d+(?:\.\d+)?:|\d+[a-zA-Z.#=*][\w.#=*-]*\s+(?:\d+us\s?[!+#*@$&]?\s*:|\d+(?:\.\d+)?:))\s+/;
/** `comm 12 [001] 45.123456: system:event: …` */
const PERF = /^\s*(?:\S.*\s)?\d+(?:\/\d+)?\s+\[\d+\]\s+\d+\.\d+:\s+(?:\d+\s+)?[\w-]+:[\w-]+:/;

const FTRACE_COMMENT = /^# tracer: |^# entries-in-buffer|^cpus=\d+$|^CPU:\d+ \[/;
const PERF_COMMENT = /^# captured on|^# perf version/;

/** Lines that may stand before the first event. */
const LOOKED_AT = 400;

export function sniffText(head: Uint8Array): 'ftrace' | 'perf' | undefined {
  // Binary files are told by their first bytes.
  if (head.subarray(0, 512).includes(0)) return undefined;
  const lines = decoder.decode(head).split('\n', LOOKED_AT);
  let comment: 'ftrace' | 'perf' | undefined;
  for (const line of lines) {
    if (PERF.test(line)) return 'perf';
    if (FTRACE.test(line)) return 'ftrace';
    if (FTRACE_COMMENT.test(line)) comment ??= 'ftrace';
    else if (PERF_COMMENT.test(line)) comment ??= 'perf';
  }
  return comment;
}
