/** Call `action`; undefined if it throws, as what a front end does not document may do. */
export function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
