// `scx-check record`: records the sched_ext core of the running kernel, or prints a program that does.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError, UsageError } from '../errors.ts';
import { EXIT } from '../findings/verdict.ts';
import { notReadable } from '../input/source.ts';
import { OutputFile } from '../output/output-file.ts';
import { PROBES } from '../probes/catalogue.ts';
import { probesAtLevel, probesFor } from '../probes/needs.ts';
import type { Probe, ProbeLevel } from '../probes/probe.ts';
import { recordingScript } from '../recorder/script.ts';
import type { CommandContext } from './context.ts';
import { selectRules } from './replay.ts';

export interface RecordOptions {
  readonly output?: string;
  readonly level?: string;
  readonly rules?: string;
  readonly duration?: string;
  readonly buffer?: string;
  readonly clock?: string;
  readonly traceCmd: boolean;
  readonly quiet?: boolean;
  readonly clean?: boolean;
  readonly script?: boolean;
  readonly bpftrace?: boolean;
  readonly btf?: string;
}

/** Types of the running kernel. */
const KERNEL_BTF = '/sys/kernel/btf/vmlinux';

export async function recordCommand(
  command: readonly string[],
  options: RecordOptions,
  context: CommandContext,
): Promise<number> {
  const choice = chooseProbes(options);
  if (options.script === true && options.bpftrace === true)
    throw new UsageError('--script and --bpftrace exclude each other');
  if (options.bpftrace === true) return printBpftrace(choice.probes, options, context);
  const args = scriptArguments(options, command);
  if (options.script === true) {
    if (command.length > 0) throw new UsageError('--script: give the command to the script, not to scx-check');
    return printScript(choice, options);
  }
  const script = recordingScript({
    probes: choice.probes,
    level: choice.level,
    about: 'Made by scx-check record.',
    cleanUp: 'scx-check record --clean',
  });
  const code = await runScript(script, options.clean === true ? ['-x'] : args);
  if (code === 0 && options.clean !== true) {
    const path = options.output ?? 'trace.dat';
    context.stderr.write(`next: scx-check replay ${path}\n`);
  }
  return code === EXIT.ok || code === EXIT.usage ? code : EXIT.noVerdict;
}

interface Choice {
  readonly probes: readonly Probe[];
  /** Undefined: the probes were chosen by rule. */
  readonly level: ProbeLevel | 0 | undefined;
}

function chooseProbes(options: RecordOptions): Choice {
  if (options.rules !== undefined) {
    if (options.level !== undefined) throw new UsageError('--level and --rules exclude each other');
    const { rules } = selectRules(options.rules, undefined);
    return { probes: probesFor(rules), level: undefined };
  }
  const level = Number(options.level ?? 1);
  if (level !== 0 && level !== 1 && level !== 2 && level !== 3)
    throw new UsageError(`--level: expected a level from 0 to 3, found ${JSON.stringify(options.level)}`);
  // The script takes the level as an option, so that it carries all probes; a program of one purpose only its own.
  if (options.bpftrace === true) return { probes: level === 0 ? [] : probesAtLevel(level), level };
  return { probes: PROBES, level };
}

/** Options of the script, after being checked here, where mistakes can be explained. */
function scriptArguments(options: RecordOptions, command: readonly string[]): string[] {
  const args = ['-o', options.output ?? 'trace.dat'];
  if (options.duration !== undefined) args.push('-d', durationOption(options.duration));
  if (options.buffer !== undefined) args.push('-b', String(bufferOption(options.buffer)));
  if (options.clock !== undefined) args.push('-c', options.clock);
  if (!options.traceCmd) args.push('-n');
  if (options.quiet === true) args.push('-q');
  return command.length === 0 ? args : [...args, '--', ...command];
}

function durationOption(text: string): string {
  if (!/^\d+(?:\.\d+)?(?:ms|s|m)?$/.test(text))
    throw new UsageError(`--duration: expected a time such as 5s, 500ms or 2m, found ${JSON.stringify(text)}`);
  return text;
}

/** kB of ring buffer per CPU. */
function bufferOption(text: string): number {
  const match = /^(\d+)([kKmMgG]?)B?$/.exec(text);
  if (match === null) throw new UsageError(`--buffer: expected a size such as 16M, found ${JSON.stringify(text)}`);
  const [, digits = '0', unit = 'K'] = match;
  return Number(digits) * ({ K: 1, M: 1024, G: 1024 * 1024 }[unit.toUpperCase() || 'K'] ?? 1);
}

function printScript({ probes, level }: Choice, options: RecordOptions): number {
  const about =
    options.rules === undefined
      ? 'Made by scx-check record --script: all probes, the level is an option.'
      : `Made by scx-check record --script: what the rules ${options.rules} need.`;
  const output = new OutputFile(options.output);
  output.write(recordingScript({ probes, level, about }));
  output.close();
  return EXIT.ok;
}

async function printBpftrace(
  probes: readonly Probe[],
  options: RecordOptions,
  context: CommandContext,
): Promise<number> {
  const { bpftraceProgram } = await import('../recorder/bpftrace.ts');
  const path = options.btf ?? (existsSync(KERNEL_BTF) ? KERNEL_BTF : undefined);
  const btf = path === undefined ? undefined : await readBtf(path);
  if (
    path === KERNEL_BTF &&
    btf?.func('scx_bpf_dsq_insert') === undefined &&
    btf?.func('scx_bpf_dispatch') === undefined
  )
    throw new UsageError(
      '--bpftrace: this kernel has no sched_ext; give the types of the one that the program is for (--btf FILE)',
    );
  const { text, skipped } = bpftraceProgram({
    probes,
    ...(btf === undefined ? {} : { btf }),
    ...(path === KERNEL_BTF ? { kernel: release() } : {}),
  });
  const output = new OutputFile(options.output);
  output.write(text);
  output.close();
  if (btf === undefined)
    context.stderr.write('scx-check: no types of a kernel given (--btf FILE): the program is for Linux 7.3\n');
  for (const { event, reason } of skipped) context.stderr.write(`scx-check: left out ${event}: ${reason}\n`);
  return EXIT.ok;
}

async function readBtf(path: string): Promise<import('../recorder/btf.ts').Btf> {
  const { Btf } = await import('../recorder/btf.ts');
  try {
    return new Btf(path, readFileSync(path));
  } catch (error) {
    throw error instanceof InputError ? error : notReadable(path, error);
  }
}

/** Runs the script with the terminal of this process; signals reach it through the terminal, or are passed on. */
function runScript(script: string, args: readonly string[]): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'scx-check-'));
  const path = join(directory, 'record.sh');
  writeFileSync(path, script, { mode: 0o700 });
  return new Promise<number>((resolve, reject) => {
    const child = spawn('/bin/sh', [path, ...args], { stdio: 'inherit' });
    // Ctrl-C goes to the script as well, which ends the recording in good order; this process waits for that.
    const ignore = (): void => {};
    const passOn = (signal: NodeJS.Signals): void => {
      child.kill(signal);
    };
    process.on('SIGINT', ignore).on('SIGTERM', passOn).on('SIGHUP', passOn);
    const done = (): void => {
      process.off('SIGINT', ignore).off('SIGTERM', passOn).off('SIGHUP', passOn);
      rmSync(directory, { recursive: true, force: true });
    };
    child.on('error', (error) => {
      done();
      reject(error);
    });
    child.on('close', (code) => {
      done();
      resolve(code ?? EXIT.noVerdict);
    });
  });
}
