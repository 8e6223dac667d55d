import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build-program.ts'],
    testTimeout: 30_000,
    // Loading the rules anew for each file took a third of all time. What tests change outside themselves they put back.
    isolate: false,
    // Half of the suite waits for programs that it starts: on two cores vitest would take one worker only.
    maxWorkers: 2,
  },
});
