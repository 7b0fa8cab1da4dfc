import { jest } from '@jest/globals';

const LEVELS = ['debug', 'info', 'warn', 'error', 'log'] as const;

type Line = Readonly<Record<string, unknown>>;

/** Collects the JSON lines that functions write to the console, logs and metrics alike, until the mocks are restored. */
export class ConsoleLines {
  readonly lines: Line[] = [];

  constructor() {
    for (const level of LEVELS) {
      jest.spyOn(console, level).mockImplementation((...line: unknown[]) => {
        const text = String(line[0]);
        if (text.startsWith('{')) this.lines.push(JSON.parse(text) as Line);
      });
    }
  }

  /** Returns the log lines with this message, and removes everything collected. */
  takeLogs(message: string): Line[] {
    const found = this.lines.filter((line) => line['message'] === message);
    this.lines.length = 0;
    return found;
  }

  /** Returns the values of these metrics in the order in which they were emitted, and removes everything collected. */
  takeMetrics(...names: string[]): Record<string, unknown>[] {
    const emitted = this.lines.filter((line) => '_aws' in line);
    this.lines.length = 0;
    return emitted
      .map((line) =>
        Object.fromEntries(names.filter((name) => name in line).map((name) => [name, line[name]])),
      )
      .filter((metrics) => Object.keys(metrics).length > 0);
  }
}
