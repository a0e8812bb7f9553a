/** What a use case answers: its value, or an error that the API can show. */
import type { HutongError } from '../../kernel/errors.ts';
import type { Result } from '../../kernel/result.ts';

export type Outcome<T> = Promise<Result<T, HutongError>>;
