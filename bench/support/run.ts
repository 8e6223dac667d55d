// Runs a command and measures it: wall time, CPU time with that of its threads, and for Node programs the peak memory.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Measure {
  /** Seconds. */
  readonly wall: number;
  readonly cpu: number;
  /** MiB; 0 for programs that are not ours to ask, and those that did not end by themselves. */
  readonly memory: number;
  readonly status: number;
}

/** A module that a Node program loads first: at the end it leaves its peak memory in a file. */
const PROBE = `data:text/javascript,${encodeURIComponent(
  `import{writeFileSync}from'node:fs';process.on('exit',()=>writeFileSync(process.env.BENCH_MEMORY,String(process.resourceUsage().maxRSS)))`,
)}`;

/** Runs a program with its output thrown away. */
export function measure(command: readonly string[]): Measure {
  const folder = mkdtempSync(join(tmpdir(), 'scx-bench-'));
  const memoryFile = join(folder, 'memory');
  const [program = '', ...args] = command;
  const full = program === 'node' ? [process.execPath, '--import', PROBE, ...args] : command;
  try {
    const began = performance.now();
    // The shell's own `times` tells the CPU time of its children.
    const result = spawnSync('sh', ['-c', '"$@" >/dev/null 2>&1; status=$?; times; exit $status', 'sh', ...full], {
      encoding: 'utf8',
      env: { ...process.env, BENCH_MEMORY: memoryFile },
    });
    const wall = (performance.now() - began) / 1000;
    const children = result.stdout.trim().split('\n').at(-1) ?? '';
    const cpu = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
      (sum, [, m, s]) => sum + Number(m) * 60 + Number(s),
      0,
    );
    // A program that was killed leaves no number.
    const memory = existsSync(memoryFile) ? Number(readFileSync(memoryFile, 'utf8')) / 1024 : 0;
    return { wall, cpu, memory, status: result.status ?? -1 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Measures several commands in turn, so that what else the machine does falls on all of them; medians of `rounds`. */
export function compare(commands: readonly (readonly string[])[], rounds: number): readonly Measure[] {
  const all: Measure[][] = commands.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, command] of commands.entries()) all[i]?.push(measure(command));
  return all.map((runs) => ({
    wall: median(runs.map((run) => run.wall)),
    cpu: median(runs.map((run) => run.cpu)),
    memory: Math.max(...runs.map((run) => run.memory)),
    status: runs[0]?.status ?? -1,
  }));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** Is a program installed? */
export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}
