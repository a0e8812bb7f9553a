/**
 * Whether a form post comes from our own page. Browsers send this (Sec-Fetch-Site, or Origin in
 * older ones) and no page can forge either; a client that sends neither is no browser and carries
 * nobody's cookies.
 */
export interface PostOrigin {
  readonly secFetchSite: string | undefined;
  readonly origin: string | undefined;
  readonly host: string | undefined;
  readonly publicUrl: string;
}

export function isSameOrigin(post: PostOrigin): boolean {
  if (post.secFetchSite !== undefined) return post.secFetchSite === 'same-origin';
  if (post.origin === undefined) return true;
  if (!URL.canParse(post.origin)) return false;
  const origin = new URL(post.origin);
  return origin.origin === new URL(post.publicUrl).origin || origin.host === post.host;
}
