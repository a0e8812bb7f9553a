/**
 * Checks and documents credentials by their schema, alike for every wallet: the first wrong field
 * and what it must be, a description of each field, and a template file. All texts are in the
 * schema (`description`, `whereFound`, `neededWith`), so that they cannot drift from what is
 * checked. No message here repeats a value.
 */
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { err, ok, type Result } from '../kernel/result.ts';

/** The wrong field of the credentials and its remedy, without any secret. */
export interface ConfigProblem {
  readonly field: string;
  readonly message: string;
}

/** The part of a schema that is read: JSON Schema, and two keywords of our own. */
interface SchemaView {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaView>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly SchemaView[];
  readonly items?: SchemaView;
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  /** Where an engineer finds it. */
  readonly whereFound?: string;
  /** Needed where another field of the same object is given, or has this value. */
  readonly neededWith?: { readonly field: string; readonly value?: string };
}

export function problemWith(field: string, message: string): Result<never, ConfigProblem> {
  return err({ field, message });
}

/** Valid credentials, or the error of the first invalid field. */
export function checkCredentials<S extends TSchema>(
  schema: S,
  credentials: unknown,
): Result<Static<S>, ConfigProblem> {
  if (Value.Check(schema, credentials)) return ok(credentials);
  return err(faultOf(schema, credentials, ''));
}

/** The error of a value that its schema refuses. */
function faultOf(schema: TSchema, value: unknown, place: string): ConfigProblem {
  const view: SchemaView = schema;
  if (value === undefined) return { field: place, message: `is missing: ${describe(view)}` };
  if (hasVariants(view)) return variantFault(view, value, place);
  if (view.properties !== undefined && isRecord(value)) return objectFault(view, value, place);
  if (view.items !== undefined && Array.isArray(value)) {
    const { items } = view;
    const at = value.findIndex((item) => !Value.Check(items, item));
    if (at !== -1) return faultOf(items, value[at], below(place, String(at)));
  }
  return { field: place, message: `must be ${describe(view)}` };
}

function objectFault(
  view: SchemaView,
  value: Readonly<Record<string, unknown>>,
  place: string,
): ConfigProblem {
  const properties = view.properties ?? {};
  for (const [name, inner] of Object.entries(properties)) {
    const given = value[name];
    if (given === undefined && view.required?.includes(name) !== true) continue;
    if (!Value.Check(inner, given)) return faultOf(inner, given, below(place, name));
  }
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(properties, name));
  return { field: below(place, unknown ?? ''), message: 'is not a field of the credentials' };
}

/**
 * The discriminator selects the variant: its own error is reported, not that of another variant.
 */
function variantFault(view: SchemaView, value: unknown, place: string): ConfigProblem {
  const tag = tagOf(view);
  if (!isRecord(value)) return { field: place, message: `must be an object: ${describe(view)}` };
  const variant = view.anyOf?.find((one) => valuesOf(one, tag).includes(String(value[tag])));
  if (variant !== undefined) return objectFault(variant, value, place);
  return { field: below(place, tag), message: `must be ${choice(view)}: ${describe(view)}` };
}

/** One row of the credentials reference. */
export interface CredentialField {
  readonly field: string;
  /** yes, no, or a condition. */
  readonly required: string;
  readonly what: string;
  readonly whereFound: string;
}

export function credentialFields(schema: TSchema): readonly CredentialField[] {
  return rowsOf(schema, '', 'yes');
}

function rowsOf(view: SchemaView, place: string, required: string): CredentialField[] {
  if (view.properties === undefined) {
    if (hasVariants(view)) return variantRows(view, place, required);
    const options = view.anyOf === undefined ? '' : `${choice(view)}: `;
    const what = `${options}${describe(view)}`;
    return [{ field: place, required, what, whereFound: view.whereFound ?? '' }];
  }
  const rows = Object.entries(view.properties).flatMap(([name, inner]) => {
    const isRequired = view.required?.includes(name) === true;
    return rowsOf(inner, below(place, name), isRequired ? required : whenNeeded(inner, place));
  });
  if (required !== 'no') return rows;
  // An object that may be left out whole.
  return rows.map((row) => (row.required === 'no' ? row : { ...row, required: `with ${place}` }));
}

function whenNeeded({ neededWith }: SchemaView, place: string): string {
  if (neededWith === undefined) return 'no';
  const field = below(place, neededWith.field);
  return neededWith.value === undefined ? `with ${field}` : `${field} ${neededWith.value}`;
}

function variantRows(view: SchemaView, place: string, required: string): CredentialField[] {
  const tag = tagOf(view);
  const field = below(place, tag);
  const what = `${choice(view)}: ${describe(view)}`;
  const rows = (view.anyOf ?? []).flatMap((variant) => {
    const values = valuesOf(variant, tag).join(', ');
    return rowsOf(variant, place, 'yes')
      .filter((row) => row.field !== field)
      .map((row) => (row.required === 'yes' ? { ...row, required: `${field} ${values}` } : row));
  });
  return [{ field, required, what, whereFound: view.whereFound ?? '' }, ...rows];
}

export interface TemplateWish {
  /** The chosen value of each discriminator; by default its first. */
  readonly choices: ReadonlyMap<string, string>;
  /** Fields that may be left out, too. */
  readonly hasOptional: boolean;
  readonly endpoints: Readonly<Record<string, string>>;
}

/** Credentials to fill in: every missing text is a placeholder in <>. */
export function credentialsTemplate(schema: TSchema, wish: TemplateWish): unknown {
  const made = templateOf(schema, '', wish);
  return isRecord(made) ? { ...made, endpoints: wish.endpoints } : made;
}

function templateOf(view: SchemaView, place: string, wish: TemplateWish): unknown {
  if (view.properties !== undefined) return objectTemplate(view, place, wish);
  if (hasVariants(view)) {
    const tag = tagOf(view);
    const wanted = wish.choices.get(below(place, tag));
    const variant = view.anyOf.find(
      (one) => wanted === undefined || valuesOf(one, tag).includes(wanted),
    );
    return objectTemplate(variant ?? {}, place, wish);
  }
  if (view.anyOf !== undefined) return wish.choices.get(place) ?? literals(view)[0];
  if (view.items !== undefined) return [templateOf(view.items, place, wish)];
  return view.default ?? view.const ?? (view.type === 'boolean' ? false : placeholder(view));
}

function objectTemplate(view: SchemaView, place: string, wish: TemplateWish): unknown {
  const made: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(view.properties ?? {})) {
    const isWanted = wish.hasOptional || view.required?.includes(name) === true;
    if (isWanted || isNeeded(inner, made)) made[name] = templateOf(inner, below(place, name), wish);
  }
  return made;
}

function isNeeded({ neededWith }: SchemaView, made: Readonly<Record<string, unknown>>): boolean {
  if (neededWith === undefined) return false;
  const given = made[neededWith.field];
  return neededWith.value === undefined ? given !== undefined : given === neededWith.value;
}

/** The allowed values of a discriminator; undefined if there is no such field. */
export function choicesOf(schema: TSchema): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const visit = (view: SchemaView, place: string): void => {
    const variants = view.anyOf?.filter(({ properties }) => properties !== undefined) ?? [];
    if (variants.length > 0) {
      const tag = tagOf(view);
      found.set(
        below(place, tag),
        variants.flatMap((one) => valuesOf(one, tag)),
      );
    } else if (view.anyOf !== undefined) found.set(place, literals(view));
    for (const [name, inner] of Object.entries(view.properties ?? {}))
      visit(inner, below(place, name));
  };
  visit(schema, '');
  return found;
}

/** The first field that still holds the template's placeholder. */
export function unfilledField(schema: TSchema, credentials: unknown): ConfigProblem | undefined {
  const texts = new Map<string, string>();
  const collect = (view: SchemaView): void => {
    texts.set(placeholder(view), describe(view));
    for (const inner of [...Object.values(view.properties ?? {}), ...(view.anyOf ?? [])])
      collect(inner);
    if (view.items !== undefined) collect(view.items);
  };
  collect(schema);
  const find = (value: unknown, place: string): ConfigProblem | undefined => {
    const what = typeof value === 'string' ? texts.get(value) : undefined;
    if (what !== undefined) return { field: place, message: `is not filled in: give ${what}` };
    if (typeof value !== 'object' || value === null) return undefined;
    for (const [name, inner] of Object.entries(value)) {
      const problem = find(inner, below(place, name));
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  return find(credentials, '');
}

function placeholder(view: SchemaView): string {
  return `<${describe(view)}>`;
}

function describe({ description }: SchemaView): string {
  return description ?? 'an object';
}

function choice(view: SchemaView): string {
  const values = hasVariants(view)
    ? view.anyOf.flatMap((one) => valuesOf(one, tagOf(view)))
    : literals(view);
  return values.join(' | ');
}

function literals(view: SchemaView): string[] {
  const all = view.anyOf ?? (view.const === undefined ? [] : [view]);
  return all.flatMap((one) => (one.const === undefined ? [] : [String(one.const)]));
}

/** Objects of one shape or another, distinguished by a literal. */
function hasVariants(
  view: SchemaView,
): view is SchemaView & { readonly anyOf: readonly SchemaView[] } {
  return view.anyOf?.some(({ properties }) => properties !== undefined) === true;
}

/** The property whose literals distinguish the variants: the first one of each. */
function tagOf(view: SchemaView): string {
  const [first] = view.anyOf ?? [];
  return Object.keys(first?.properties ?? {})[0] ?? '';
}

function valuesOf(variant: SchemaView, tag: string): string[] {
  const inner = variant.properties?.[tag];
  return inner === undefined ? [] : literals(inner);
}

function below(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
