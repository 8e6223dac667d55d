// `npm run bench:bisect`: the search for a bug that shows only sometimes, on seeded trials: how often it is right and with how
// many runs, beside the bound, and beside a bisection that believes every run.
//   npm run bench:bisect -- [TRIALS] [COMMITS] [RATE]
import { fewestRuns } from '../../src/bisect/noisy-search.ts';
import { flakyTrial, plainTrial } from '../../test/support/flaky-trials.ts';

const [trials = '100', commits = '64', rate = '0.25'] = process.argv.slice(2);
const CONFIDENCE = 0.99;
const settings = { commits: Number(commits), rate: Number(rate), confidence: CONFIDENCE };
const seeds = Array.from({ length: Number(trials) }, (_, i) => i + 1);
const bound = fewestRuns(settings.commits, settings.rate, 1 - CONFIDENCE);
process.stdout.write(
  `${trials} trials, ${commits} commits, hit rate ${rate}, confidence ${CONFIDENCE}\n` +
    `bound            ${bound.toFixed(1)} runs: no search needs fewer on average\n`,
);
let failed = false;
for (const told of [true, false]) {
  let right = 0;
  let runs = 0;
  let builds = 0;
  const begin = performance.now();
  for (const seed of seeds) {
    const { culprit, found, report } = await flakyTrial(seed, { ...settings, told });
    if (found === culprit) right++;
    runs += report.runs.length;
    builds += report.runs.filter(({ index }, i) => index !== report.runs[i - 1]?.index).length;
  }
  const average = runs / seeds.length;
  const ms = (performance.now() - begin) / seeds.length;
  process.stdout.write(
    `rate ${told ? 'given  ' : 'learned'}     ${right} right, ${average.toFixed(1)} runs (${(average / bound).toFixed(2)} times the bound), ` +
      `${(builds / seeds.length).toFixed(1)} builds, ${ms.toFixed(1)} ms of search\n`,
  );
  if (right < 0.99 * seeds.length || (told && average > 1.5 * bound)) failed = true;
}
const plain = seeds.map((seed) => plainTrial(seed, { ...settings, told: true }));
const right = plain.filter(({ culprit, found }) => culprit === found).length;
const average = plain.reduce((sum, trial) => sum + trial.runs, 0) / plain.length;
process.stdout.write(`git bisect run   ${right} right, ${average.toFixed(1)} runs: every run is believed\n`);
process.exitCode = failed ? 1 : 0;
