// A git repository with a planted regression: from one commit on, recordings show a bug, in some of the runs only.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testEnv } from './program.ts';
import { traceText } from './replay.ts';
import { switchEvents } from './results.ts';

export function git(cwd: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd, env: testEnv(), encoding: 'utf8' });
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

export interface Planted {
  readonly folder: string;
  /** Hashes, the oldest first. */
  readonly commits: readonly string[];
  /** Shell command that records a run into {trace}. */
  readonly record: string;
}

export interface PlantedOptions {
  readonly commits: number;
  /** Index of the commit that brings the bug. */
  readonly culprit: number;
  /** `1` at n: run n of a bad commit shows the bug. */
  readonly luck: string;
  /** Indexes of commits that do not build. */
  readonly broken?: readonly number[];
}

/** The tree holds `version`; the recordings of good and bad runs lie beside the repository. */
export function plantedRepository(root: string, { commits, culprit, luck, broken = [] }: PlantedOptions): Planted {
  const folder = join(root, 'repository');
  mkdirSync(folder);
  writeFileSync(join(root, 'good.jsonl'), traceText(switchEvents(), { kernel: '7.3' }));
  writeFileSync(join(root, 'bad.jsonl'), traceText(switchEvents({ broken: true }), { kernel: '7.3' }));
  writeFileSync(join(root, 'luck'), luck);
  git(folder, 'init', '-q', '-b', 'main');
  const stream: string[] = [];
  for (let i = 0; i < commits; i++) {
    const text = `${i} ${broken.includes(i) ? 'broken' : ''}\n`;
    stream.push(
      'commit refs/heads/main',
      `mark :${i + 1}`,
      `committer test <test@example.org> ${1_700_000_000 + i} +0000`,
      `data ${`change ${i}`.length}\nchange ${i}`,
      ...(i === 0 ? [] : [`from :${i}`]),
      'M 644 inline version',
      `data ${text.length}\n${text}`,
    );
  }
  const { status } = spawnSync('git', ['fast-import', '--quiet'], {
    cwd: folder,
    input: stream.join('\n'),
    env: testEnv(),
  });
  if (status !== 0) throw new Error('git fast-import failed');
  git(folder, 'reset', '-q', '--hard', 'main');
  const script = [
    'read n state < version',
    `echo "$n" >> ${root}/calls`,
    `[ -e ${root}/interrupt ] && [ "$(wc -l < ${root}/calls)" -gt 9 ] && exit 130`,
    '[ "$state" = broken ] && exit 125',
    `r=$(cut -c "$SCX_CHECK_RUN" ${root}/luck)`,
    `if [ "$n" -ge ${culprit} ] && [ "$r" = 1 ]; then cp ${root}/bad.jsonl {trace}; else cp ${root}/good.jsonl {trace}; fi`,
    'echo built > artefact',
  ];
  return {
    folder,
    commits: git(folder, 'rev-list', '--reverse', 'main').split('\n'),
    record: script.join('\n'),
  };
}
