/**
 * One platform account's papers at WeChat Pay. Everything secret in here is stored only as envelope
 * ciphertext and never logged; config.ts checks it, the sandbox makes it.
 */
export interface WechatpayCredentials {
  /** The service provider's (sp_mchid, combine_mchid). */
  readonly mchid: string;
  readonly appid: string;
  readonly appSecret: string;
  /** Serial of the merchant API certificate, upper-case hex. */
  readonly serialNo: string;
  /** Merchant API private key, PEM. */
  readonly privateKey: string;
  readonly apiV3Key: string;
  /** For payment codes by APIv2; null or absent = the account takes none. */
  readonly apiV2Key?: string;
  /** Which API takes payment codes; absent = v2. WeChat Pay opens v3 merchant by merchant. */
  readonly codepayApi?: 'v2' | 'v3';
  /** apiclient_cert.pem: APIv2 wants it from whoever reverses. */
  readonly merchantCertificate?: string;
  /** Which of the two key kinds answers are asked to be signed with. */
  readonly keyMode: 'public_key' | 'platform_certificate';
  readonly publicKeyId?: string;
  readonly publicKey?: string;
  /** Known platform certificates, PEM; more are downloaded when a new serial appears. */
  readonly platformCertificates?: readonly string[];
  /** Pinned root of the platform certificates, PEM; without it AEAD alone vouches for them. */
  readonly platformRootCertificate?: string;
  readonly endpoints: {
    /** Origin of the API, without a path. */
    readonly api: string;
    /** Complete addresses of the two OAuth steps, without a query. */
    readonly authorize: string;
    readonly oauth: string;
  };
}
