// From raw lines to lines of contents: what loggers, terminals, mailers and pages did to a dump is undone here.
import { type Anchor, findAnchor, findReason, frameOf, LINE, type LineKind, textEventAt } from './anchors.ts';
import type { Decoration } from './dump.ts';
import { looksEscaped, unescapeHtml } from './html.ts';
import { Prefixes } from './prefix.ts';
import { splitLines, type TextLine } from './text-lines.ts';

export interface ContentLine {
  /** Number in the input. */
  readonly n: number;
  readonly kind: LineKind;
  /** Contents without the logger's beginning and without blanks around. */
  readonly text: string;
  /** Blanks before the contents, behind the logger's beginning: only differences mean something. */
  readonly column: number;
  /** Nothing is known of what stands in front: the beginning is none that lines of dumps have. */
  readonly foreign: boolean;
  /** The text may end inside this line. */
  readonly open: boolean;
}

export interface Prepared {
  readonly lines: readonly ContentLine[];
  readonly decoration: Decoration;
  readonly total: number;
}

/** Kinds that no task name is long enough to forge: where they stand shows what a logger put before the lines. */
const STRONG: ReadonlySet<LineKind> = new Set([LINE.sysrq, LINE.cpu, LINE.taskState, LINE.taskSticky]);
/** Kinds that do so when the text has none of those. */
const WEAK: ReadonlySet<LineKind> = new Set([
  LINE.backtrace,
  LINE.cpuStates,
  LINE.countersHead,
  LINE.curr,
  LINE.rescue,
  LINE.mask,
  LINE.taskVtime,
  LINE.taskCpus,
  LINE.counter,
  LINE.truncated,
  LINE.debugDump,
]);

interface Raw {
  readonly line: TextLine;
  readonly anchor: Anchor | undefined;
  /** The text of a trace event begins here; -1: it is none. */
  readonly eventAt: number;
}

/** Splits a text into lines of contents, in the order in which the kernel wrote them. */
export function prepareLines(text: string): Prepared {
  let raws = splitLines(text).map(recognise);
  const total = raws.length;
  const reversed = isReversed(raws);
  if (reversed) raws = raws.toReversed();
  const events = raws.some((raw) => raw.eventAt >= 0 && raw.anchor !== undefined);
  const prefixes = learnPrefixes(raws, events);
  const columns = hardWrapColumn(raws, prefixes);
  if (columns > 0) raws = joinColumns(raws, columns, prefixes);
  const cut = cutLines(raws);
  const lines = raws.map((raw, i) => contentOf(raw, prefixes, events, raw.line.open || cut.has(i)));
  const html = looksEscaped(dumpTexts(lines));
  const wrapped = columns > 0 ? 'columns' : looksWrapped(lines) || messageIsWrapped(raws) ? 'words' : 'no';
  return {
    lines: html ? lines.map((line) => ({ ...line, text: unescapeHtml(line.text) })) : lines,
    decoration: { reversed, html, wrapped, prefixes: prefixes.describe() },
    total,
  };
}

function recognise(line: TextLine): Raw {
  const eventAt = textEventAt(line.text);
  return { line, anchor: findAnchor(line.text, Math.max(eventAt, 0)), eventAt };
}

/** Lines in the order of the kernel: which kind follows which. */
const FOLLOWS: ReadonlyMap<LineKind, readonly LineKind[]> = new Map([
  [LINE.debugDump, [LINE.header]],
  [LINE.header, [LINE.backtrace, LINE.cpuStates]],
  [LINE.sysrq, [LINE.cpuStates]],
  [LINE.backtrace, [LINE.cpuStates]],
  [LINE.cpuStates, [LINE.cpu]],
  [LINE.cpu, [LINE.rescue, LINE.curr]],
  [LINE.rescue, [LINE.curr]],
  [LINE.curr, [LINE.mask, LINE.taskState]],
  [LINE.taskState, [LINE.taskSticky]],
  [LINE.taskSticky, [LINE.taskVtime, LINE.taskCpus]],
  [LINE.taskVtime, [LINE.taskCpus]],
  [LINE.countersHead, [LINE.counter]],
]);

/** `journalctl -r`: neighbours stand in the opposite order. */
function isReversed(raws: readonly Raw[]): boolean {
  let forward = 0;
  let backward = 0;
  let previous: LineKind = LINE.none;
  for (const { anchor, line } of raws) {
    if (anchor === undefined) continue;
    const { kind } = anchor;
    if (FOLLOWS.get(previous)?.includes(kind) === true) forward++;
    if (FOLLOWS.get(kind)?.includes(previous) === true) backward++;
    previous = kind;
    if (kind === LINE.log && line.text.includes(' disabled (')) previous = LINE.exit;
  }
  if (forward !== backward) return backward > forward;
  return logIsReversed(raws);
}

/** A message of the kernel log comes behind the line that the scheduler is disabled. */
function logIsReversed(raws: readonly Raw[]): boolean {
  const logs = raws.filter(({ anchor }) => anchor?.kind === LINE.log).map(({ line }) => line.text);
  let votes = 0;
  for (const [i, text] of logs.entries()) {
    const name = / "([^"]+)" disabled \(/.exec(text)?.[1];
    if (name === undefined) continue;
    if (logs[i + 1]?.includes(`sched_ext: ${name}: `) === true) votes++;
    if (logs[i - 1]?.includes(`sched_ext: ${name}: `) === true) votes--;
  }
  return votes < 0;
}

/** Smallest width of a terminal that is believed. */
const MIN_COLUMNS = 40;

/**
 * The column at which lines were broken; 0 when they were not. Lines of just that length are followed by lines that mean
 * nothing alone, and none is longer.
 */
function hardWrapColumn(raws: readonly Raw[], prefixes: Prefixes): number {
  let widest = 0;
  for (const { line, anchor } of raws) if (anchor !== undefined) widest = Math.max(widest, line.text.length);
  if (widest < MIN_COLUMNS) return 0;
  let evidence = 0;
  for (const [i, { line, anchor }] of raws.entries()) {
    if (line.text.length > widest && !isRule(line.text)) return 0;
    // A message may hold line ends of its own; fields do not.
    const message = anchor?.kind === LINE.exit || raws[i - 1]?.anchor?.kind === LINE.header;
    const rest = raws[i + 1];
    if (line.text.endsWith('  ') || rest === undefined || !isRest(rest, prefixes)) continue;
    if (line.text.length < widest) {
      // Broken before the column was reached: a mailer did that.
      if (message && !/\)(?: on CPU \d+)?$/.test(line.text)) return 0;
    } else if (message) evidence++;
    else if (anchor !== undefined && isWhole(`${line.text}${rest.line.text}`, anchor.kind)) evidence += 2;
  }
  return evidence >= 2 ? widest : 0;
}

/** The line is one of that kind, and every word of it has one value. */
function isWhole(text: string, kind: LineKind): boolean {
  const anchor = findAnchor(text);
  if (anchor?.kind !== kind) return false;
  const rest = text.slice(anchor.at).trimEnd();
  const from = kind === LINE.cpu ? rest.indexOf(':') + 1 : 0;
  if (kind === LINE.curr || kind === LINE.rescue) return /^[^=]+=.*\](?: +class=[^\s=]+)?$/.test(rest);
  if (kind === LINE.counter || kind === LINE.mask) return true;
  return rest
    .slice(from)
    .trim()
    .split(/\s+/)
    .every((word) => /^[a-z_/]+=[^=]+$/.test(word));
}

/** A line that can be the rest of a broken one: not blank, no anchor, no frame, neither indented nor begun by a logger. */
function isRest(raw: Raw | undefined, prefixes: Prefixes): boolean {
  if (raw === undefined || raw.anchor !== undefined) return false;
  const { text } = raw.line;
  if (text === '' || /^(?:\t| [ *])/.test(text) || frameOf(text) !== undefined || isRule(text)) return false;
  return prefixes.contentAt(text) <= 0 && !prefixes.resembles(text);
}

function isRule(text: string): boolean {
  return /^[=-]{5,}$/.test(text);
}

function joinColumns(raws: readonly Raw[], columns: number, prefixes: Prefixes): Raw[] {
  const joined: Raw[] = [];
  for (let i = 0; i < raws.length; i++) {
    let raw = raws[i];
    if (raw === undefined) break;
    const start = raw;
    let text = start.line.text;
    while (raw !== undefined && raw.line.text.length === columns && isRest(raws[i + 1], prefixes) && !isRule(text)) {
      raw = raws[++i];
      if (raw !== undefined) text += raw.line.text;
    }
    joined.push(raw === start || raw === undefined ? start : recognise({ ...start.line, text, open: raw.line.open }));
  }
  return joined;
}

/** `events`: the dump comes as trace events, and weaker signs may be fields of other events. */
function learnPrefixes(raws: readonly Raw[], events: boolean): Prefixes {
  const strong = learnFrom(raws, STRONG);
  return strong.isEmpty && !events ? learnFrom(raws, WEAK) : strong;
}

function learnFrom(raws: readonly Raw[], kinds: ReadonlySet<LineKind>): Prefixes {
  const prefixes = new Prefixes();
  for (const [i, { line, anchor, eventAt }] of raws.entries()) {
    if (anchor === undefined || eventAt >= 0) continue;
    if (kinds.has(anchor.kind)) prefixes.learn(line.text, anchor.at);
    if (anchor.kind !== LINE.header) continue;
    const next = raws[i + 1];
    const at = next === undefined ? -1 : findReason(next.line.text);
    if (next !== undefined && at >= 0) prefixes.learn(next.line.text, at);
  }
  return prefixes;
}

/** Lines that the marker of a full buffer may have cut: the last one before it that is not blank. */
function cutLines(raws: readonly Raw[]): ReadonlySet<number> {
  const cut = new Set<number>();
  for (const [i, { anchor }] of raws.entries()) {
    if (anchor?.kind !== LINE.truncated) continue;
    let k = i - 1;
    while (k >= 0 && raws[k]?.line.text.trim() === '') k--;
    if (k >= 0) cut.add(k);
  }
  return cut;
}

function contentOf({ line, anchor, eventAt }: Raw, prefixes: Prefixes, events: boolean, open: boolean): ContentLine {
  const { text } = line;
  // Between trace events that carry lines of a dump, other lines are other events.
  const other = eventAt < 0 && events && prefixes.isEmpty;
  const at = eventAt >= 0 ? eventAt : other ? -1 : prefixes.contentAt(text);
  let kind = anchor?.kind ?? LINE.none;
  let from = Math.max(at, 0);
  if (anchor !== undefined && (kind === LINE.exit || kind === LINE.log)) from = anchor.at;
  // Words of a dump in the middle of the contents are part of something else, such as the name of a task.
  else if (anchor !== undefined && (other || (kind !== LINE.header && anchor.at !== skipBlanks(text, from)))) {
    kind = LINE.none;
  }
  const column = columnOf(text.slice(from), skipBlanks(text, from) - from);
  return { n: line.n, kind, text: text.slice(from).trim(), column, foreign: at < 0, open };
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && (text[at] === ' ' || text[at] === '\t')) at++;
  return at;
}

/** Column of an index: a tab reaches to the next multiple of 8. */
function columnOf(text: string, index: number): number {
  if (!text.includes('\t')) return index;
  let column = 0;
  for (let i = 0; i < index; i++) column = text[i] === '\t' ? (column & ~7) + 8 : column + 1;
  return column;
}

/** Lines behind the last anchor that may still be part of a dump: a stack, lines of a callback. */
const LINES_BEHIND = 64;

/** Contents of the lines from the first to the last anchor and a little more, those of foreigners left out. */
function* dumpTexts(lines: readonly ContentLine[]): Generator<string> {
  const first = lines.findIndex((line) => line.kind !== LINE.none);
  const last = lines.findLastIndex((line) => line.kind !== LINE.none);
  for (let i = first; i >= 0 && i <= last + LINES_BEHIND; i++) {
    const line = lines[i];
    if (line === undefined || (i > last && /[<>]/.test(line.text))) return;
    if (!line.foreign) yield line.text;
  }
}

/** Words that stand first in a line only when a mailer broke it; nothing but fields follows. */
const INNER_WORDS =
  /^(?:dsq_flags=0x|ops_state\/qseq=\d|dsq_id=(?:0x|\()|no_mig=\d|cpu_rel=\d|ops_qseq=\d|pnt_seq=\d|ksync=\d|class=\w)[^\s[]*(?: (?:ops_state\/qseq|dsq_vtime|slice|weight|cpu_rel|ops_qseq|pnt_seq|ksync)=[^\s[]+)*$/;

function looksWrapped(lines: readonly ContentLine[]): boolean {
  return lines.some((line) => line.kind === LINE.none && line.text.includes('=') && INNER_WORDS.test(line.text));
}

/** A message does not end in its line, and the first word of the next line would have made that the longest of all. */
function messageIsWrapped(raws: readonly Raw[]): boolean {
  let widest = 0;
  for (const { line, anchor } of raws) if (anchor !== undefined) widest = Math.max(widest, line.text.trimEnd().length);
  return raws.some(({ line, anchor }, i) => {
    const message = anchor?.kind === LINE.exit || raws[i - 1]?.anchor?.kind === LINE.header;
    const next = raws[i + 1];
    if (!message || next === undefined || next.anchor !== undefined) return false;
    const text = line.text.trimEnd();
    const word = next.line.text.trimStart().split(' ', 1)[0] ?? '';
    if (word === '' || /\)(?: on CPU \d+)?$/.test(text) || !text.includes(' (')) return false;
    return text.length + 1 + word.length > widest && next.line.text.trimEnd().length <= widest;
  });
}
