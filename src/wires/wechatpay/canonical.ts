/**
 * The byte strings that WeChat Pay v3 signs. Lines end in LF, the last one too; the request target
 * and the body are taken exactly as they stand on the wire and are never decoded, normalised or
 * serialised again. https://pay.weixin.qq.com/doc/v3/merchant/4012365352
 */

/** `METHOD \n target \n timestamp \n nonce \n body \n`; an empty body still has its line. */
export function requestMessage(request: {
  readonly method: string;
  readonly target: string;
  readonly timestamp: string;
  readonly nonce: string;
  readonly body: Uint8Array;
}): Buffer {
  const head = `${request.method}\n${request.target}\n${request.timestamp}\n${request.nonce}\n`;
  return joined(head, request.body);
}

/** `timestamp \n nonce \n body \n`: answers and callbacks alike; 204 signs an empty body. */
export function responseMessage(response: {
  readonly timestamp: string;
  readonly nonce: string;
  readonly body: Uint8Array;
}): Buffer {
  return joined(`${response.timestamp}\n${response.nonce}\n`, response.body);
}

/**
 * What a client signs to open the payment sheet: `prepay` is `prepay_id=<id>` for JSAPI and mini
 * programs and the bare id for APP.
 */
export function invocationMessage(invocation: {
  readonly appid: string;
  readonly timestamp: string;
  readonly nonce: string;
  readonly prepay: string;
}): Buffer {
  const { appid, timestamp, nonce, prepay } = invocation;
  return Buffer.from(`${appid}\n${timestamp}\n${nonce}\n${prepay}\n`);
}

function joined(head: string, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(head), body, LINE_FEED]);
}

const LINE_FEED = Buffer.from('\n');
