// Puts one dump together from its lines. Blocks are recognised by lines that no task name is long enough to forge.
import { COMM_LEN } from '../kernel/limits.ts';
import { frameOf, LINE, REASONS, reasonLength } from './anchors.ts';
import type { Dump, DumpCpu, DumpTask, KickMask } from './dump.ts';
import { continuesCpu, continuesTask, newCpu, newTask, parseHexMask, takeCpuWord, takeTaskWord } from './fields.ts';
import type { ContentLine } from './lines.ts';
import { findTaskHead, indentOf, type TextShape, takeCurr, takeRescue, takeTaskHead } from './names.ts';

/** Columns by which lines of fields are indented. */
const FIELD_INDENT = 6;

type Section = 'head' | 'backtrace' | 'cpus' | 'counters' | 'after';

export interface BuilderCounts {
  dump: number;
  decoration: number;
  foreign: number;
}

export class DumpBuilder {
  readonly dump: Dump;
  readonly counts: BuilderCounts = { dump: 0, decoration: 0, foreign: 0 };
  /** Lines that ended up outside, because nothing of the dump follows them. */
  outside: readonly ContentLine[] = [];

  get strangersBehind(): number {
    return this.#strangers;
  }

  readonly #joint: string;
  #section: Section;
  #cpu: DumpCpu | undefined;
  #task: DumpTask | undefined;
  /** Lines since the last one that was understood: what follows tells what they are. */
  #tail: ContentLine[] = [];
  #sawBlank = false;
  /** Lines of others since the last line of the dump: between its lines if one follows, behind it otherwise. */
  #strangers = 0;
  /** Column at which CPU lines begin; -1 unknown. */
  #column = -1;

  /** `wrapped`: lines were broken at blanks, so that pieces are joined by blanks. */
  constructor(line: number, section: 'head' | 'cpus' | 'counters', wrapped: boolean) {
    this.#section = section;
    this.#joint = wrapped ? ' ' : '\n';
    this.dump = {
      line,
      lastLine: line,
      owner: undefined,
      trigger: undefined,
      reason: undefined,
      message: undefined,
      messageCut: false,
      backtrace: [],
      ops: [],
      cpus: [],
      counters: [],
      countersShown: false,
      cpusComplete: false,
      truncated: undefined,
      closed: false,
      headless: section !== 'head',
      unknown: [],
    };
  }

  get inCounters(): boolean {
    return this.#section === 'counters' || this.#section === 'after';
  }

  get inHead(): boolean {
    return this.#section === 'head' || this.#section === 'backtrace';
  }

  hasCpu(cpu: number): boolean {
    return this.dump.cpus.some((block) => block.cpu === cpu);
  }

  get hasCpus(): boolean {
    return this.dump.cpus.length > 0;
  }

  /** A line that is none of the known ones by itself. */
  other(line: ContentLine): void {
    // Of other beginnings are other processes, unless a mailer broke the lines.
    if (line.foreign && this.#joint === '\n') {
      this.#strangers++;
      return;
    }
    if (line.text === '') this.#sawBlank = true;
    const words = line.text === '' ? [] : line.text.split(/\s+/);
    if (this.#joinsName(line)) return;
    if (this.#task !== undefined && continuesTask(this.#task, words) && this.#tail.every(isBlank)) {
      this.#takeTaskWords(this.#task, words, line.open);
      this.#used(line);
      return;
    }
    if (this.#cpu !== undefined && this.#cpu.curr === undefined && continuesCpu(this.#cpu, words)) {
      this.#takeCpuWords(this.#cpu, words, line.open);
      this.#used(line);
      return;
    }
    if (this.#cpu !== undefined && this.#continuesCurr(this.#cpu, line)) return;
    this.#tail.push(line);
  }

  /** `class=` on a line of its own: the line of `curr=` was broken before it. */
  #continuesCurr(cpu: DumpCpu, line: ContentLine): boolean {
    if (cpu.curr === undefined || cpu.currClass !== undefined || this.#task !== undefined) return false;
    if (line.open || !/^class=\S+$/.test(line.text) || !this.#tail.every(isBlank)) return false;
    cpu.currClass = line.text.slice('class='.length);
    this.#used(line);
    return true;
  }

  backtrace(line: ContentLine): boolean {
    if (this.#section !== 'head') return false;
    this.#settle();
    this.#section = 'backtrace';
    this.#used(line);
    return true;
  }

  cpuStates(line: ContentLine): boolean {
    if (!this.inHead) return false;
    this.#settle();
    this.#section = 'cpus';
    this.#used(line);
    return true;
  }

  countersHead(line: ContentLine): boolean {
    if (this.inCounters) return false;
    this.#settle();
    this.#section = 'counters';
    this.dump.countersShown = true;
    this.dump.cpusComplete = true;
    this.#cpu = undefined;
    this.#task = undefined;
    this.#used(line);
    return true;
  }

  /** `CPU %-4d: nr_run=%u flags=0x%x cpu_rel=%d …` */
  cpu(line: ContentLine): void {
    this.#settle();
    this.#section = 'cpus';
    const colon = line.text.indexOf(':');
    this.#column = line.column;
    const cpu = newCpu(line.n, Number(line.text.slice(4, colon)));
    this.dump.cpus.push(cpu);
    this.#cpu = cpu;
    this.#task = undefined;
    this.#takeCpuWords(
      cpu,
      line.text
        .slice(colon + 1)
        .trim()
        .split(/\s+/),
      line.open,
    );
    cpu.lineComplete = !line.open && cpu.cpuReleased !== undefined;
    this.#used(line);
  }

  /** `rescue=%u budget=%lldus rescuing=%s[%d]` */
  rescue(line: ContentLine): boolean {
    const cpu = this.#openCpu();
    if (cpu === undefined || cpu.rescue !== undefined || !takeRescue(cpu, line.text)) return false;
    this.#settle();
    this.#used(line);
    return true;
  }

  /** `curr=%s[%d] class=%ps` */
  curr(line: ContentLine): boolean {
    if (this.#joinsName(line)) return true;
    const cpu = this.#openCpu();
    if (cpu === undefined || cpu.curr !== undefined || !takeCurr(cpu, line.text, line.open)) return false;
    this.#settle();
    if (line.open) this.dump.truncated ??= 'cut';
    this.#used(line);
    return true;
  }

  /** The line completes a `curr=` or `rescuing=` whose task name holds a line end, or that was broken. */
  #joinsName(line: ContentLine): boolean {
    const cpu = this.#openCpu();
    if (cpu === undefined || cpu.curr !== undefined || this.#tail.length === 0) return false;
    const from = this.#tail.findLastIndex(({ kind }) => kind === LINE.curr || kind === LINE.rescue);
    if (from < 0 || this.#tail.length - from > COMM_LEN) return false;
    const text = [...this.#tail.slice(from), line]
      .map((piece, i) => (i === 0 ? piece.text : `${this.#joint}${indentOf(piece, this.#shape())}${piece.text}`))
      .join('');
    const taken = text.startsWith('curr=') ? takeCurr(cpu, text, line.open) : takeRescue(cpu, text);
    if (!taken) return false;
    this.counts.dump += this.#tail.length - from;
    this.#tail = this.#tail.slice(0, from);
    this.#settle();
    this.#used(line);
    return true;
  }

  mask(line: ContentLine): boolean {
    const cpu = this.#cpu;
    if (cpu === undefined || this.#task !== undefined || line.open) return false;
    const colon = line.text.indexOf(':');
    const name = line.text.slice(0, colon).trim() as KickMask;
    const cpus = parseHexMask(line.text.slice(colon + 1).trim());
    if (cpus === undefined || cpu.masks.some((mask) => mask.name === name)) return false;
    this.#settle();
    cpu.masks.push({ name, cpus });
    this.#used(line);
    return true;
  }

  /** A line of fields of a task block. */
  taskFields(line: ContentLine): boolean {
    if (this.inCounters) return false;
    const words = line.text.split(/\s+/);
    const task = this.#task;
    const goesOn =
      task !== undefined &&
      line.kind !== LINE.taskState &&
      task.cpus === undefined &&
      takeTaskWord({ ...task, extra: {} }, words[0] ?? '') !== 'known';
    if (task !== undefined && goesOn) {
      this.#settle();
      this.#fields(task, line, words);
      return true;
    }
    // A second cpus= or dsq_vtime= can come from ops.dump_task(), or from a task name that holds a line end.
    if (line.kind !== LINE.taskState && line.kind !== LINE.taskSticky) return false;
    this.#fields(this.#beginTask(line), line, words);
    return true;
  }

  counter(line: ContentLine): boolean {
    if (this.#section !== 'counters' && !(this.#section === 'after' && this.dump.countersShown)) return false;
    const match = /^(SCX_EV_[A-Z\d_]+):(\s+)(-?\d+)$/.exec(line.text);
    if (match === null) return false;
    const [, name = '', gap = '', digits = ''] = match;
    this.#settle();
    // The format is `%40s: %16lld`: a value of full width is complete even at the end of the text.
    if (!line.open || gap.length - 1 + digits.length >= 16) {
      this.dump.counters.push({ name, value: BigInt(digits) });
    } else this.dump.truncated = 'cut';
    this.#used(line);
    return true;
  }

  /** The buffer of the kernel was full. */
  truncatedMarker(line: ContentLine): void {
    this.#tail = [...this.#headAtEnd(this.#tail)];
    this.#settle();
    this.dump.truncated = 'marker';
    this.#section = 'after';
    this.#used(line);
  }

  /**
   * Nothing more comes. `framed`: something stands behind the dump that only stands there, so that all lines before it are
   * the dump's. Otherwise lines behind the last one that was understood belong to it as far as they are frames or are
   * indented like lines of the ops.dump callbacks.
   */
  end(reason: 'text-ends' | 'framed' | 'next'): void {
    const tail = this.#tail;
    let kept = reason === 'framed' ? tail.length : 0;
    while (kept < tail.length && this.#belongs(tail[kept])) kept++;
    let rest: readonly ContentLine[] = tail.slice(kept);
    this.#tail = tail.slice(0, kept);
    this.#settle();
    if (reason === 'text-ends') rest = this.#headAtEnd(rest);
    this.outside = rest;
    this.dump.closed = reason === 'framed';
    this.dump.truncated ??= this.#isCut(rest) ? 'cut' : undefined;
  }

  #belongs(line: ContentLine | undefined): boolean {
    if (line === undefined) return false;
    if (line.text === '' || line.foreign) return true;
    if (this.#section !== 'cpus' && this.#section !== 'backtrace') return false;
    if (frameOf(line.text) === line.text) return true;
    if (this.#section !== 'cpus' || this.#column < 0) return false;
    if (this.#task !== undefined) return line.column - this.#column === 4;
    // Two blanks are also what a waiting task begins with.
    if (line.column - this.#column !== 2) return false;
    return line.open ? !/^[RSDTtXZPIKW?](?: |$)/.test(line.text) : !takeTaskHead(newTask(0), line.text);
  }

  /** The text ends behind the first line of a task block, or inside the second: what is left of the lines. */
  #headAtEnd(lines: readonly ContentLine[]): readonly ContentLine[] {
    const cpu = this.#cpu;
    if (this.#section !== 'cpus' || cpu === undefined) return lines;
    let last = lines.findLastIndex((line) => line.text !== '' && !line.foreign);
    const task = newTask(lines[last]?.n ?? 0);
    if (last > 0 && lines[last]?.open === true && !takeTaskHead(task, lines[last]?.text ?? '')) last--;
    const line = lines[last];
    const before = lines[last - 1];
    if (line === undefined || (before !== undefined && before.text !== '')) return lines;
    if (!takeTaskHead(task, line.text)) return lines;
    this.#tail = lines.slice(0, last);
    this.#settle();
    task.line = line.n;
    cpu.tasks.push(task);
    this.#used(line);
    return [];
  }

  #isCut(rest: readonly ContentLine[]): boolean {
    if (rest.some((line) => line.open && line.text !== '' && !line.foreign) && rest.length <= 2) return true;
    if (this.inHead) return true;
    const cpu = this.dump.cpus.at(-1);
    if (this.#section !== 'cpus') return false;
    if (cpu === undefined || this.#hasCounters()) return true;
    const task = cpu.tasks.at(-1);
    return cpu.curr === undefined || (task !== undefined && task.cpus === undefined);
  }

  /** The shape is that of a release whose dumps end with counters (6.15+). */
  #hasCounters(): boolean {
    const { owner, trigger, cpus } = this.dump;
    if (owner !== undefined || (trigger?.kind === 'exit' && trigger.namesCpu === true)) return true;
    return cpus.some((cpu) => cpu.ksync !== undefined || cpu.tasks.some((task) => task.noMig !== undefined));
  }

  /** The CPU block whose first lines are being read. */
  #openCpu(): DumpCpu | undefined {
    return this.#task === undefined ? this.#cpu : undefined;
  }

  #fields(task: DumpTask, line: ContentLine, words: readonly string[]): void {
    const { shape } = task;
    if (line.kind === LINE.taskState) this.#column = line.column - FIELD_INDENT;
    if (line.kind === LINE.taskVtime) shape.vtimeLine = true;
    if (line.kind === LINE.taskSticky && words.some((word) => word.startsWith('dsq_vtime='))) {
      shape.vtimeBesideDsq = true;
    }
    if (line.kind === LINE.taskCpus) shape.cpusLine = !line.open;
    this.#takeTaskWords(task, words, line.open);
    this.#used(line);
  }

  #takeTaskWords(task: DumpTask, words: readonly string[], open: boolean): void {
    const last = open ? words.length - 1 : words.length;
    for (const [i, word] of words.entries()) {
      if (i >= last && !(word.startsWith('dsq_id=') && word.endsWith(')'))) {
        this.dump.truncated ??= 'cut';
        continue;
      }
      const taken = takeTaskWord(task, word);
      if (taken === 'foreign' || taken === 'malformed') keepExtra(task.extra, word);
    }
  }

  #takeCpuWords(cpu: DumpCpu, words: readonly string[], open: boolean): void {
    const last = open ? words.length - 1 : words.length;
    for (const word of words.slice(0, last)) {
      const taken = takeCpuWord(cpu, word);
      if (taken === 'foreign' || taken === 'malformed') keepExtra(cpu.extra, word);
    }
    if (open) this.dump.truncated ??= 'cut';
  }

  /** Finds the first line of the task block whose fields begin at `line` among the lines before it. */
  #beginTask(line: ContentLine): DumpTask {
    const task = newTask(line.n);
    const tail = this.#tail;
    const from = findTaskHead(task, tail, this.#shape());
    if (from >= 0) {
      task.line = tail[from]?.n ?? line.n;
      this.counts.dump += tail.length - from;
      this.#tail = tail.slice(0, from);
    }
    this.#settle();
    let cpu = this.#cpu;
    if (cpu === undefined) {
      // The beginning of the CPU block is missing.
      cpu = newCpu(task.line, -1);
      this.dump.cpus.push(cpu);
      this.#cpu = cpu;
      this.#section = 'cpus';
    }
    cpu.tasks.push(task);
    this.#task = task;
    return task;
  }

  /** Says of the lines since the last one that was understood what they are. */
  #settle(): void {
    const tail = this.#tail;
    this.#tail = [];
    if (tail.length === 0) return;
    if (this.#section === 'head') {
      this.#settleHead(tail);
      return;
    }
    for (const line of tail) {
      if (line.text === '') this.counts.decoration++;
      else if (line.foreign) this.counts.foreign++;
      else this.#settleLine(line);
    }
  }

  #settleLine(line: ContentLine): void {
    const { text } = line;
    if (/^-{5,}$/.test(text)) {
      this.counts.decoration++;
      return;
    }
    const frame = frameOf(text);
    const stack = this.#section === 'backtrace' ? this.dump.backtrace : this.#task?.stack;
    if (frame === text && stack !== undefined && !(this.#section === 'backtrace' && this.dump.ops.length > 0)) {
      if (line.open) this.dump.truncated ??= 'cut';
      else stack.push(frame);
      this.#used(line);
      return;
    }
    const lines = this.#opsLines();
    if (lines === undefined) this.dump.unknown.push({ line: line.n, text });
    else {
      if (!line.open) lines.push(text);
      this.#used(line);
    }
  }

  /** Where lines of the ops.dump callbacks belong at this point; undefined: nothing prints here. */
  #opsLines(): string[] | undefined {
    if (this.#section === 'backtrace') return this.dump.ops;
    if (this.#section !== 'cpus') return undefined;
    const task = this.#task;
    if (task === undefined) return this.#cpu?.ops;
    return task.cpus !== undefined && task.stack.length === 0 ? task.ops : undefined;
  }

  /** Lines between the header and the backtrace: reason and message, or what ops.dump() printed for SysRq-D. */
  #settleHead(tail: readonly ContentLine[]): void {
    const lines = tail.filter((line) => line.text !== '' && !/^-{5,}$/.test(line.text));
    this.counts.decoration += tail.length - lines.length;
    if (this.dump.trigger?.kind === 'exit') this.#reason(lines);
    else {
      for (const line of lines) if (!line.foreign) this.dump.ops.push(line.text);
      this.counts.dump += lines.length;
    }
    for (const line of tail) if (!line.foreign) this.#span(line.n);
  }

  #reason(lines: readonly ContentLine[]): void {
    const first = lines[0];
    if (first === undefined) return;
    const last = lines.at(-1);
    const text = lines.map((line) => line.text).join(this.#joint);
    this.counts.dump += lines.length;
    let length = -1;
    for (const reason of REASONS) {
      length = reasonLength(text, reason);
      if (length >= 0) break;
    }
    if (length < 0) length = Math.max(text.indexOf(' ('), 0);
    const open = text[length + 1] === '(' ? length + 2 : -1;
    if (open < 0) {
      this.dump.unknown.push({ line: first.n, text });
      return;
    }
    this.dump.reason = text.slice(0, length);
    const closed = text.endsWith(')') && last?.open !== true;
    this.dump.message = closed ? text.slice(open, -1) : text.slice(open).replace(/\)$/, '');
    this.dump.messageCut = !closed;
  }

  /** In a reversed text the first line of a dump is the last of the input. */
  #span(line: number): void {
    this.dump.line = Math.min(this.dump.line, line);
    this.dump.lastLine = Math.max(this.dump.lastLine, line);
  }

  #shape(): TextShape {
    return { joint: this.#joint, column: this.#column, blankLines: this.#sawBlank };
  }

  #used(line: ContentLine): void {
    this.counts.dump++;
    this.counts.foreign += this.#strangers;
    this.#strangers = 0;
    if (!line.foreign) this.#span(line.n);
  }
}

function isBlank(line: ContentLine): boolean {
  return line.text === '' || line.foreign;
}

function keepExtra(extra: Record<string, string>, word: string): void {
  const equals = word.indexOf('=');
  if (equals > 0) extra[word.slice(0, equals)] = word.slice(equals + 1);
}
