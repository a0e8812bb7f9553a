/**
 * How node is run, here and in production (README.md): thousands of commands live for the length of
 * a batch, and V8's default of 16 MB for the young copies them again and again before they die.
 */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=64'];
