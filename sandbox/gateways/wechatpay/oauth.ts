/**
 * The silent authorization (snsapi_base): a redirect with code and state, and the exchange of the
 * code for an openid. A code lives five minutes and is single-use. Neither is signed; refusals of
 * the exchange are HTTP 200 with errcode, as WeChat's are.
 */
import type { WireRequest, WireResponse } from '../../kit/kit.ts';
import type { Context } from './context.ts';
import { randomToken } from './numbers.ts';
import type { AccountRecord } from './records.ts';

const CODE_LIFE_MS = 5 * 60_000;

export const AUTHORIZE_PATH = '/connect/oauth2/authorize';
export const TOKEN_PATH = '/sns/oauth2/access_token';

/** The buyer of the city's phone agrees without being asked, as snsapi_base means. */
export function authorize(context: Context, request: WireRequest): WireResponse {
  const query = new URLSearchParams(request.queryText);
  const account = accountOf(context, query.get('appid'));
  const openid = account?.openids[0];
  if (account === undefined || openid === undefined) return page(400, 'AppID 参数错误');
  if (query.get('response_type') !== 'code') return page(400, 'response_type 参数错误');
  if (query.get('scope') !== 'snsapi_base') return page(400, 'Scope 参数错误或没有 Scope 权限');
  const target = query.get('redirect_uri') ?? '';
  const state = query.get('state') ?? '';
  const isWeb = /^https?:\/\//.test(target) && URL.canParse(target);
  if (!isWeb) return page(400, 'redirect_uri 参数错误');
  if (!/^[0-9A-Za-z_.-]{0,128}$/.test(state)) return page(400, 'state 参数错误');
  const code = randomToken(context.kit.random, 32);
  const validUntilMs = context.kit.wall.nowMs() + CODE_LIFE_MS;
  const { appid } = account;
  context.store.codes.put(code, { code, appid, openid, validUntilMs, isUsed: false });
  const location = new URL(target);
  location.searchParams.set('code', code);
  location.searchParams.set('state', state);
  return {
    status: 302,
    headers: { location: location.href, 'cache-control': 'no-store', 'referrer-policy': 'origin' },
    body: '',
  };
}

export function exchangeCode(context: Context, request: WireRequest): WireResponse {
  const query = new URLSearchParams(request.queryText);
  const account = accountOf(context, query.get('appid'));
  if (account === undefined) return refused(context, 40013, 'invalid appid');
  if (query.get('secret') !== account.appSecret)
    return refused(context, 40125, 'invalid appsecret');
  if (query.get('grant_type') !== 'authorization_code') {
    return refused(context, 40002, 'invalid grant_type');
  }
  const kept = context.store.codes.get(query.get('code') ?? '');
  const nowMs = context.kit.wall.nowMs();
  if (kept === undefined || kept.appid !== account.appid || nowMs >= kept.validUntilMs) {
    return refused(context, 40029, 'invalid code');
  }
  if (kept.isUsed) return refused(context, 40163, 'code been used');
  context.store.codes.put(kept.code, { ...kept, isUsed: true });
  return json({
    access_token: randomToken(context.kit.random, 64),
    expires_in: 7200,
    refresh_token: randomToken(context.kit.random, 64),
    openid: kept.openid,
    scope: 'snsapi_base',
  });
}

function accountOf(context: Context, appid: string | null): AccountRecord | undefined {
  for (const account of context.store.accounts.values()) {
    if (account.appid === appid) return account;
  }
  return undefined;
}

function refused(context: Context, errcode: number, errmsg: string): WireResponse {
  const rid = context.kit.random.bytes(12).toString('hex');
  return json({ errcode, errmsg: `${errmsg}, rid: ${rid}` });
}

function json(body: Record<string, unknown>): WireResponse {
  const headers = {
    'content-type': 'application/json; encoding=utf-8',
    'cache-control': 'no-store',
  };
  return { status: 200, headers, body: JSON.stringify(body) };
}

function page(status: number, text: string): WireResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}
