/** An error that the user can correct: reported in one line, without a stack. */
export class CliError extends Error {
  override readonly name = 'CliError';
}

/** Runs a command. An error ends it with one line on standard error and exit code 1. */
export async function runCli(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    const isKnown = error instanceof CliError || isOfAws(error);
    console.error(isKnown ? (error as Error).message : error);
    process.exitCode = 1;
  }
}

/** Of the SDK: no credentials, no region, no rights, or nothing of this name. Its message says which. */
function isOfAws(error: unknown): boolean {
  return error instanceof Error && ('$fault' in error || /credentials|region/i.test(error.message));
}
