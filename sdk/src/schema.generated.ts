/** The API’s types, out of openapi.json by `npm run openapi`; do not edit. */
export interface paths {
    "/v1/payment_intents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List payment intents, newest first
         * @description Scope: `payment_intents:read`.
         */
        get: operations["listPaymentIntents"];
        put?: never;
        /**
         * Start a checkout
         * @description The same `merchant_order_no` and content again answers 200 and the intent that exists.
         *
         *     Scope: `payment_intents:write`.
         */
        post: operations["createPaymentIntent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payment_intents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a payment intent
         * @description With a secret key, or, for the buyer’s own view, with `Hutong-Client-Secret` and no key.
         *
         *     Scope: `payment_intents:read`.
         */
        get: operations["getPaymentIntent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payment_intents/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a payment intent
         * @description Closes every attempt at its wallet first; the status becomes `canceled` when none can be paid any more.
         *
         *     Scope: `payment_intents:write`.
         */
        post: operations["cancelPaymentIntent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payment_intents/{id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End a conflict, as an operator
         * @description For a `conflicted` intent: a wallet’s amount, currency or payee was not what was ordered. `accept` makes it `succeeded` with what the wallet took; `refund` makes it `canceled` and gives back what was taken. Where another attempt has settled the intent, or it ended, a disputed attempt of it can only be refunded, and the intent keeps its status.
         *
         *     Scope: `payment_intents:resolve`.
         */
        post: operations["resolvePaymentIntent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payment_intents/{id}/offers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which wallets this buyer is offered, in order, and why others are not
         * @description Scope: `payment_intents:read`.
         */
        get: operations["listOffers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payment_intents/{id}/code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One code that every wallet’s app can scan
         * @description Who has the code can pay, so it asks for the scope that starts payments. `emv` is null where the address is too long for it.
         *
         *     Scope: `payment_intents:write`.
         */
        get: operations["getPaymentCode"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payment_intents/{id}/attempts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All attempts of one payment intent
         * @description Scope: `payment_intents:read`.
         */
        get: operations["listPaymentAttempts"];
        put?: never;
        /**
         * Start paying with one wallet and product
         * @description An attempt that is still open is closed first. An unknown outcome is retried once with the same number, then answered as `status: "unknown"` with `next_action: null`; the platform finds out by itself. A payment code or a tap is sent to its wallet once only: while the buyer confirms, `next_action` is null and the intent `processing`; what is not confirmed within 45 s is reversed.
         *
         *     Scope: `payment_intents:write`.
         */
        post: operations["createPaymentAttempt"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payment_intents/{id}/attempts/{attempt}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read one attempt
         * @description Scope: `payment_intents:read`.
         */
        get: operations["getPaymentAttempt"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/refunds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give back all or part of a sub_order
         * @description A repeat of the same answers 200 and the refund that exists.
         *
         *     Scope: `refunds:write`.
         */
        post: operations["createRefund"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/refunds/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a refund
         * @description Scope: `refunds:read`.
         */
        get: operations["getRefund"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/merchants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List sellers and their accounts at the wallets
         * @description Scope: `merchants:read`.
         */
        get: operations["listMerchants"];
        put?: never;
        /**
         * Add a seller
         * @description Scope: `merchants:write`.
         */
        post: operations["createMerchant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/merchants/{id}/wallet_accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a seller’s accounts at the wallets
         * @description With the marketplace’s own configuration that each is paid through. Sellers of one cart that are paid through different ones cannot be paid in one go (`cart_not_combinable`).
         *
         *     Scope: `merchants:read`.
         */
        get: operations["listWalletAccounts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/interconnects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which wallets may pay by another wallet’s code
         * @description Scope: `interconnects:read`.
         */
        get: operations["listInterconnects"];
        put?: never;
        /**
         * Activate or pause a pair
         * @description Offers follow within two seconds. Attempts that are already open stay open: what a wallet reports is booked, whoever paid.
         *
         *     Scope: `interconnects:write`.
         */
        post: operations["setInterconnect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/merchants/{id}/counters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a merchant’s counters, newest first
         * @description Scope: `merchants:read`.
         */
        get: operations["listCounters"];
        put?: never;
        /**
         * Add a counter
         * @description The same `name` again answers 200 and the counter that exists.
         *
         *     Scope: `merchants:write`.
         */
        post: operations["createCounter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/merchants/{id}/counters/{counter}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a counter
         * @description Scope: `merchants:read`.
         */
        get: operations["getCounter"];
        put?: never;
        /**
         * Rename a counter, take it out of use or back
         * @description What is not named stays as it was: `{}` changes nothing and answers the counter.
         *
         *     Scope: `merchants:write`.
         */
        post: operations["updateCounter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/merchants/{id}/counters/{counter}/stand.svg": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The stand to print (A5), as SVG
         * @description Scope: `merchants:read`.
         */
        get: operations["getCounterStandSvg"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/merchants/{id}/counters/{counter}/stand.pdf": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The stand to print (A5), as PDF
         * @description Scope: `merchants:read`.
         */
        get: operations["getCounterStandPdf"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/merchants/{id}/counters/{counter}/tap_card.svg": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The card of an NFC tag to print (ID-1), as SVG
         * @description Scope: `merchants:read`.
         */
        get: operations["getCounterTapCardSvg"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/merchants/{id}/counters/{counter}/tap_card.pdf": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The card of an NFC tag to print (ID-1), as PDF
         * @description Scope: `merchants:read`.
         */
        get: operations["getCounterTapCardPdf"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ledger/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All accounts and their balances
         * @description Scope: `ledger:read`.
         */
        get: operations["listLedgerAccounts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ledger/transactions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List ledger transactions, newest first
         * @description Scope: `ledger:read`.
         */
        get: operations["listLedgerTransactions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/balances": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What each merchant has in each of its accounts at the wallets
         * @description Scope: `ledger:read`.
         */
        get: operations["listBalances"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List events, newest first
         * @description Scope: `events:read`.
         */
        get: operations["listEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read an event
         * @description Scope: `events:read`.
         */
        get: operations["getEvent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/{id}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Deliver an event again to every endpoint that wants it
         * @description Scope: `events:write`.
         */
        post: operations["resendEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List endpoints
         * @description Scope: `webhook_endpoints:read`.
         */
        get: operations["listWebhookEndpoints"];
        put?: never;
        /**
         * Add an endpoint; the answer has its secret, once
         * @description Scope: `webhook_endpoints:write`.
         */
        post: operations["createWebhookEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_endpoints/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read an endpoint
         * @description Scope: `webhook_endpoints:read`.
         */
        get: operations["getWebhookEndpoint"];
        put?: never;
        /**
         * Change where or what, or pause it
         * @description What is not named stays as it was: `{}` changes nothing and answers the endpoint.
         *
         *     Scope: `webhook_endpoints:write`.
         */
        post: operations["updateWebhookEndpoint"];
        /**
         * Remove an endpoint
         * @description Scope: `webhook_endpoints:write`.
         */
        delete: operations["deleteWebhookEndpoint"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_endpoints/{id}/rotate_secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A new secret; the old one signs beside it for 24 hours, or ends at once
         * @description Scope: `webhook_endpoints:write`.
         */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit_log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who changed what, newest first
         * @description One row for each change of keys, wallet configurations, accounts, webhook endpoints, secrets and interconnections, each buyer erasure that was asked for, and each conflict that a person ended, by API or command line. Rows are only added. Within five seconds each is sealed: `sha256` covers the row and the hash of the row before it, so that a later edit shows (`hutong audit verify`).
         *
         *     Scope: `audit_log:read`.
         */
        get: operations["listAuditLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/buyer_erasures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Erase a buyer
         * @description The buyer’s number and addresses leave every payment and event made so far: the number reads `erased`. Amounts, times and the ledger stay. It runs in the background; ask again until `status` is `done`. What is not ours to erase: `metadata`, descriptions and items that the marketplace has sent, webhooks that were delivered, and what the wallets keep.
         *
         *     Scope: `buyers:erase`.
         */
        post: operations["eraseBuyer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/buyer_erasures/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How far an erasure is
         * @description Scope: `buyers:erase`.
         */
        get: operations["getBuyerErasure"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        error: {
            error: {
                type: "invalid_request_error" | "idempotency_error" | "authentication_error" | "permission_error" | "state_error" | "wallet_error" | "rate_limit_error" | "api_error";
                code: "parameter_invalid" | "parameter_unknown" | "body_malformed" | "body_too_large" | "content_type_unsupported" | "version_unknown" | "amount_mismatch" | "merchant_unknown" | "expires_at_invalid" | "webhook_url_refused" | "idempotency_key_missing" | "idempotency_key_in_flight" | "idempotency_key_reused" | "api_key_missing" | "api_key_invalid" | "client_secret_invalid" | "scope_missing" | "address_not_allowed" | "key_mode_mismatch" | "not_found" | "route_unknown" | "method_not_allowed" | "merchant_order_no_conflict" | "counter_name_taken" | "webhook_endpoint_exists" | "webhook_endpoints_full" | "payment_intent_not_payable" | "payment_intent_not_cancelable" | "payment_intent_not_conflicted" | "conflict_not_resolvable" | "wallet_not_offered" | "payer_wallet_not_connected" | "payer_missing" | "auth_code_malformed" | "auth_code_not_recognised" | "auth_code_ambiguous" | "refund_exceeds_payment" | "refund_not_possible" | "merchant_balance_short" | "escrow_not_releasable" | "wallet_declined" | "rate_limited" | "busy" | "shutting_down" | "internal";
                message: string;
                param: string | null;
                doc_url: string;
                request_id: string;
                /** @description The same request may be sent again. */
                retryable: boolean;
                /** @description The id of what is there already, where that is the reason. */
                existing?: string;
                wallet_error: components["schemas"]["wallet_error"] | null;
            };
        };
        payment_intent: {
            id: string;
            /** @constant */
            object: "payment_intent";
            /**
             * @description The whole checkout.
             * @example 1999
             */
            amount: number;
            /** @description What the wallets took for it. */
            amount_received: number;
            /** @description What was refunded. */
            amount_refunded: number;
            /** @constant */
            currency: "cny";
            status: "requires_wallet" | "requires_action" | "processing" | "conflicted" | "succeeded" | "canceled" | "expired";
            merchant_order_no: string;
            description: string;
            sub_orders: components["schemas"]["sub_order"][];
            latest_attempt: string | null;
            succeeded_attempt: string | null;
            wallet: ("wechatpay" | "alipay" | "unionpay" | "jdpay") | null;
            buyer?: {
                id: string;
                device: "desktop" | "mobile" | "wechat" | "alipay" | "unionpay" | "jdpay" | "app";
            };
            return_url: string | null;
            /** @description The marketplace’s own notes: at most 50 keys of 40 characters, values of 500. */
            metadata?: {
                [key: string]: string;
            };
            resolution?: {
                outcome: "accept" | "refund";
                reason: string;
                /** @description The key that was used, `key_…`. */
                by: string;
                /** Format: date-time */
                at: string;
            } | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
            attempts?: components["schemas"]["payment_attempt_list"];
            /** @description Only where the intent is made: for the buyer’s own view. */
            client_secret?: string;
            /** @description Only where the intent is made: send the buyer there. */
            cashier_url?: string;
        };
        payment_intent_list: {
            /** @constant */
            object: "list";
            data: components["schemas"]["payment_intent"][];
            has_more: boolean;
        };
        offers: {
            /** @constant */
            object: "offers";
            payment_intent: string;
            offered: {
                wallet: "wechatpay" | "alipay" | "unionpay" | "jdpay";
                product: "native" | "jsapi" | "h5" | "app" | "page" | "wap" | "precreate" | "codepay" | "bar" | "nfc" | "web" | "qr" | "pc";
                /**
                 * @description Whose app the buyer pays with; another than `wallet` by interconnection.
                 */
                payer_wallet: "wechatpay" | "alipay" | "unionpay" | "jdpay";
                /** @description Pays several merchants in one go. */
                combined: boolean;
                /** @description `payer` must say who pays. */
                needs_payer: boolean;
            }[];
            withheld: {
                wallet: "wechatpay" | "alipay" | "unionpay" | "jdpay";
                product: ("native" | "jsapi" | "h5" | "app" | "page" | "wap" | "precreate" | "codepay" | "bar" | "nfc" | "web" | "qr" | "pc") | null;
                /**
                 * @example merchant_not_consented
                 * @example cart_not_combinable
                 */
                reason: string;
                /** @description Whose lack it is, where the reason is a merchant’s. */
                merchants?: string[];
                /** @description Wallets by whose code the buyer can pay with this one nevertheless. */
                reached_through: ("wechatpay" | "alipay" | "unionpay" | "jdpay")[];
            }[];
        };
        payment_code: {
            /** @constant */
            object: "payment_code";
            payment_intent: string;
            /** @description What the code holds; any wallet’s app opens it. */
            url: string;
            emv: string | null;
            /** @description The picture of `url`, black on white with its quiet zone. */
            svg: string;
        };
        payment_attempt: {
            id: string;
            /** @constant */
            object: "payment_attempt";
            payment_intent: string;
            wallet: "wechatpay" | "alipay" | "unionpay" | "jdpay";
            product: "native" | "jsapi" | "h5" | "app" | "page" | "wap" | "precreate" | "codepay" | "bar" | "nfc" | "web" | "qr" | "pc";
            /** @description Whose app pays: what the wallet reported, until then what the buyer chose. */
            payer_wallet: string;
            payer_wallet_chosen: "wechatpay" | "alipay" | "unionpay" | "jdpay";
            payer_wallet_reported: string | null;
            status: "created" | "pending" | "unknown" | "failed" | "closed" | "conflicted" | "succeeded" | "superseded";
            next_action: components["schemas"]["next_action"] | null;
            failure: {
                code: string;
                wallet_error: components["schemas"]["wallet_error"] | null;
            } | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
            legs: components["schemas"]["leg"][];
        };
        payment_attempt_list: {
            /** @constant */
            object: "list";
            data: components["schemas"]["payment_attempt"][];
            has_more: boolean;
        };
        refund: {
            id: string;
            /** @constant */
            object: "refund";
            payment_intent: string;
            sub_order: string | null;
            leg: string;
            /**
             * @description The refunded amount.
             * @example 1999
             */
            amount: number;
            /** @constant */
            currency: "cny";
            reason: string;
            status: "pending" | "succeeded" | "failed" | "requires_attention";
            failure: {
                code: string;
                wallet_error: components["schemas"]["wallet_error"] | null;
            } | null;
            /** @description Its number at the wallet. */
            refund_no: string;
            wallet_refund_id: string | null;
            /** Format: date-time */
            created_at: string;
            settled_at: string | null;
        };
        merchant: {
            id: string;
            /** @constant */
            object: "merchant";
            name: string;
            external_id: string | null;
            wallet_accounts: {
                id: string;
                wallet: "wechatpay" | "alipay" | "unionpay" | "jdpay";
                /** @description sub_mchid or smid. */
                wallet_merchant: string;
                status: "active" | "restricted" | "paused";
                consented_at: string | null;
            }[];
        };
        merchant_list: {
            /** @constant */
            object: "list";
            data: components["schemas"]["merchant"][];
            has_more: boolean;
        };
        wallet_account_list: {
            /** @constant */
            object: "list";
            data: components["schemas"]["wallet_account"][];
            has_more: boolean;
        };
        interconnect_list: {
            /** @constant */
            object: "list";
            data: components["schemas"]["interconnect"][];
            has_more: boolean;
        };
        interconnect: {
            /** @constant */
            object: "interconnect";
            payer_wallet: "wechatpay" | "alipay" | "unionpay" | "jdpay";
            acceptor_wallet: "wechatpay" | "alipay" | "unionpay" | "jdpay";
            status: "active" | "paused";
            /** Format: date-time */
            changed_at: string;
        };
        counter: {
            id: string;
            /** @constant */
            object: "counter";
            merchant: string;
            name: string;
            /** @description What the code on the stand holds; any wallet’s app opens it. */
            url: string;
            emv: string | null;
            /** @description `url` as an NDEF message in hex, for an NFC tag. */
            ndef: string;
            status: "enabled" | "disabled";
            /** Format: date-time */
            created_at: string;
        };
        counter_list: {
            /** @constant */
            object: "list";
            data: components["schemas"]["counter"][];
            has_more: boolean;
        };
        /**
         * Format: binary
         * @description The bytes.
         */
        file: string;
        ledger_account_list: {
            /** @constant */
            object: "list";
            data: components["schemas"]["ledger_account"][];
            has_more: boolean;
        };
        ledger_transaction_list: {
            /** @constant */
            object: "list";
            data: components["schemas"]["ledger_transaction"][];
            has_more: boolean;
        };
        balance_list: {
            /** @constant */
            object: "list";
            data: components["schemas"]["balance"][];
            has_more: boolean;
        };
        event_list: {
            /** @constant */
            object: "list";
            data: components["schemas"]["event"][];
            has_more: boolean;
        };
        event: {
            id: string;
            /** @constant */
            object: "event";
            type: "payment_intent.created" | "payment_intent.requires_action" | "payment_intent.succeeded" | "payment_intent.canceled" | "payment_intent.expired" | "payment_intent.conflicted" | "payment_intent.resolved" | "payment_attempt.succeeded" | "payment_attempt.failed" | "payment_attempt.closed" | "payment_attempt.superseded" | "payment_attempt.conflicted" | "payment_attempt.requires_attention" | "refund.created" | "refund.succeeded" | "refund.failed" | "refund.requires_attention";
            /** Format: date-time */
            created_at: string;
            /** @description Drop an event older than the one you have. */
            object_version: number;
            data: {
                /** @description The object as it was at that moment. */
                object: {
                    [key: string]: unknown;
                };
            };
        };
        webhook_endpoint: {
            id: string;
            /** @constant */
            object: "webhook_endpoint";
            url: string;
            enabled_events: string[];
            status: "enabled" | "disabled";
            /** Format: date-time */
            created_at: string;
            /** @description `whsec_…`, shown once. */
            secret?: string;
        };
        webhook_endpoint_list: {
            /** @constant */
            object: "list";
            data: components["schemas"]["webhook_endpoint"][];
            has_more: boolean;
        };
        deleted: {
            id: string;
            object: string;
            /** @constant */
            deleted: true;
        };
        audit_log_list: {
            /** @constant */
            object: "list";
            data: components["schemas"]["audit_entry"][];
            has_more: boolean;
        };
        buyer_erasure: {
            id: string;
            /** @constant */
            object: "buyer_erasure";
            status: "running" | "done";
            /** @description From how many it was erased so far. */
            payment_intents: number;
            /** Format: date-time */
            created_at: string;
            finished_at: string | null;
        };
        wallet_error: {
            wallet: "wechatpay" | "alipay" | "unionpay" | "jdpay";
            code: string;
            message: string;
            request_id: string | null;
            /**
             * @description Only where the wallet refused the marketplace's own credentials or permissions: neither the buyer nor the order is at fault, and no other order would fare better there.
             * @constant
             */
            misconfigured?: true;
        };
        sub_order: {
            id: string;
            /** @constant */
            object: "sub_order";
            merchant: string;
            /**
             * @description This merchant’s part.
             * @example 1999
             */
            amount: number;
            /** @description What was refunded of it. */
            amount_refunded: number;
            description: string;
            merchant_sub_order_no: string | null;
            items: {
                [key: string]: unknown;
            }[] | null;
            splits: {
                [key: string]: unknown;
            }[] | null;
        };
        next_action: {
            /** @constant */
            type: "qr_code";
            code: string;
        } | {
            /** @constant */
            type: "redirect";
            /** @description WeChat Pay h5, Alipay wap: the wallet’s. JD Pay pc and h5: our own page, which hands out JD’s form at the click and refuses after the order’s end (they were forms before). */
            url: string;
        } | {
            /** @constant */
            type: "form";
            action: string;
            /** @description Hidden fields to post. */
            fields: {
                [key: string]: string;
            };
        } | {
            /** @constant */
            type: "invoke";
            /** @description For the wallet’s own bridge or app. */
            params: {
                [key: string]: string;
            };
        };
        leg: {
            id: string;
            /** @description The order’s number at the wallet. */
            order_no: string;
            wallet_transaction_id: string | null;
            /**
             * @description The order’s amount.
             * @example 1999
             */
            amount: number;
            payer_amount: number | null;
            receipt_amount: number | null;
            status: "created" | "pending" | "unknown" | "failed" | "closed" | "conflicted" | "succeeded" | "superseded";
            sub_orders: string[];
        };
        wallet_account: {
            id: string;
            /** @constant */
            object: "wallet_account";
            wallet: "wechatpay" | "alipay" | "unionpay" | "jdpay";
            /** @description sub_mchid, smid, merId or merchantNo. */
            wallet_merchant: string;
            config: string | null;
            /**
             * @description One is current (`active`, `restricted`, `paused`); a number before it is `retiring`.
             */
            status: "applying" | "active" | "restricted" | "paused" | "retiring" | "closed";
            consented_at: string | null;
            /** @description The expected fee, in basis points (60 = 0.60 %). */
            fee_bps: number;
        };
        ledger_account: {
            id: string;
            /** @constant */
            object: "ledger_account";
            /** @example wallet:wechatpay:clearing */
            name: string;
            /** @constant */
            currency: "cny";
            /** @description In the account’s normal direction. */
            balance: number;
            normal: "debit" | "credit";
        };
        ledger_transaction: {
            id: string;
            /** @constant */
            object: "ledger_transaction";
            moment: "paid" | "paid_superseded" | "paid_conflicted" | "conflict_accepted" | "conflict_superseded" | "refund_reserved" | "refund_corrected" | "refund_succeeded" | "refund_failed" | "account_moved" | "escrow_released" | "transfer_applied" | "advance_recovered" | "settled_to_merchant";
            source: string | null;
            payment_intent: string | null;
            /** @constant */
            currency: "cny";
            /**
             * Format: date-time
             * @description When the wallet says that it happened; else as `created_at`.
             */
            occurred_at: string;
            /** Format: date-time */
            created_at: string;
            entries: {
                account: string;
                debit: number;
                credit: number;
                wallet_config: string | null;
            }[];
        };
        balance: {
            /** @constant */
            object: "balance";
            merchant: string;
            wallet: ("wechatpay" | "alipay" | "unionpay" | "jdpay") | null;
            wallet_account: string | null;
            /** @constant */
            currency: "cny";
            /** @description Held until receipt is confirmed. */
            escrow: number;
            /** @description As `escrow`. */
            pending: number;
            /** @description May be paid out. */
            available: number;
            /** @description What the merchant owes the marketplace. */
            owed: number;
            /** @description What has left escrow, or came back from a refund, and has not reached `available`, less what refunds that have moved are still to take from it. Counted until it is settled: for a moment it may be in `available`, too. */
            in_transit: number;
        };
        audit_entry: {
            id: string;
            /** Format: date-time */
            at: string;
            /** @description An API key (`key_…`) or who used the command line. */
            actor: string;
            /** @example api_key.created */
            action: string;
            /** @description The id, or the name, of what was changed. */
            object: string;
            before: {
                [key: string]: unknown;
            } | null;
            after: {
                [key: string]: unknown;
            } | null;
            sequence: number | null;
            previous_sha256: string | null;
            sha256: string | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export interface operations {
    listPaymentIntents: {
        parameters: {
            query?: {
                /** @description How many to answer. */
                limit?: number;
                /** @description The last id of the page before. */
                starting_after?: string;
                /** @description The first id of the page after. */
                ending_before?: string;
                status?: "requires_wallet" | "requires_action" | "processing" | "conflicted" | "succeeded" | "canceled" | "expired";
                /** @description Exactly this number. */
                merchant_order_no?: string;
                /** @description The wallet’s own number of a leg: WeChat Pay’s transaction_id, Alipay’s trade_no, UnionPay’s queryId; JD Pay has none but `order_no`. */
                wallet_transaction_id?: string;
                /** @description What wallets and their bills call the merchant’s number: `order_no` of a leg, or `refund_no`. */
                order_no?: string;
                /** @description Created at or after. */
                created_after?: string;
                /** @description Created before. */
                created_before?: string;
            };
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["payment_intent_list"];
                };
            };
        };
    };
    createPaymentIntent: {
        parameters: {
            query?: never;
            header: {
                /** @description Yours to choose, one per intention; kept for 7 days. */
                "Idempotency-Key": string;
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description The whole checkout, in fen.
                     * @example 1999
                     */
                    amount: number;
                    /** @constant */
                    currency: "cny";
                    /**
                     * @description The marketplace’s own number; unique.
                     * @example T20261201-0001
                     */
                    merchant_order_no: string;
                    /**
                     * @description Shown to the buyer.
                     * @example Taobao order T20261201-0001
                     */
                    description: string;
                    sub_orders: {
                        /**
                         * @description The merchant’s id, `mer_…`.
                         * @example mer_01K0Z3V7X9Q2A
                         */
                        merchant: string;
                        /**
                         * @description This merchant’s part, in fen. The parts sum to the intent’s amount.
                         * @example 1999
                         */
                        amount: number;
                        /**
                         * @description What this merchant sold.
                         * @example Kettle
                         */
                        description: string;
                        /** @description The marketplace’s own number of this part. */
                        merchant_sub_order_no?: string;
                        items?: {
                            [key: string]: unknown;
                        }[];
                        /** @description What others get of it: together at most its amount. A wallet that does not split so much is withheld, `split_not_possible`. */
                        splits?: {
                            /**
                             * @description Who gets this share.
                             */
                            type: "commission" | "affiliate";
                            /** @description The affiliate, which must be named; not given for a commission. */
                            party?: string;
                            /**
                             * @description The share in fen; either this or `bps`.
                             * @example 1999
                             */
                            amount?: number;
                            /** @description The share in basis points. */
                            bps?: number;
                            /** @description Shown on the wallet’s statements. */
                            description: string;
                        }[];
                    }[];
                    buyer: {
                        /**
                         * @description The marketplace’s own number of this buyer.
                         * @example buyer-7
                         */
                        id: string;
                        /**
                         * @description Where the buyer stands.
                         */
                        device: "desktop" | "mobile" | "wechat" | "alipay" | "unionpay" | "jdpay" | "app" | "pc" | "web" | "phone" | "tablet" | "h5" | "ios" | "android" | "quickpass" | "cloudpay" | "jd";
                        /**
                         * @description The buyer’s address, which some products must send to the wallet; without it, the caller’s.
                         * @example 198.51.100.7
                         */
                        ip?: string;
                    };
                    /**
                     * Format: date-time
                     * @description When it can no longer be paid; default in 30 minutes.
                     * @example 2026-12-01T12:00:00+08:00
                     */
                    expires_at?: string;
                    /** @description Where the cashier sends the buyer back to. */
                    return_url?: string;
                    /** @description The marketplace’s own notes: at most 50 keys of 40 characters, values of 500. */
                    metadata?: {
                        [key: string]: string;
                    };
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["payment_intent"];
                };
            };
            /** @description Made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["payment_intent"];
                };
            };
        };
    };
    getPaymentIntent: {
        parameters: {
            query?: {
                /** @description Embeds the attempts. */
                "expand[]"?: "attempts"[];
            };
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["payment_intent"];
                };
            };
        };
    };
    cancelPaymentIntent: {
        parameters: {
            query?: never;
            header: {
                /** @description Yours to choose, one per intention; kept for 7 days. */
                "Idempotency-Key": string;
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["payment_intent"];
                };
            };
        };
    };
    resolvePaymentIntent: {
        parameters: {
            query?: never;
            header: {
                /** @description Yours to choose, one per intention; kept for 7 days. */
                "Idempotency-Key": string;
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description `accept`: what the wallet collected counts as paid. `refund`: it is refunded.
                     */
                    outcome: "accept" | "refund";
                    /** @description Why; stored with the intent and sent in `payment_intent.resolved`. */
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["payment_intent"];
                };
            };
        };
    };
    listOffers: {
        parameters: {
            query?: {
                /** @description Instead of the intent’s own device. */
                device?: "desktop" | "mobile" | "wechat" | "alipay" | "unionpay" | "jdpay" | "app" | "pc" | "web" | "phone" | "tablet" | "h5" | "ios" | "android" | "quickpass" | "cloudpay" | "jd";
            };
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["offers"];
                };
            };
        };
    };
    getPaymentCode: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["payment_code"];
                };
            };
        };
    };
    listPaymentAttempts: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["payment_attempt_list"];
                };
            };
        };
    };
    createPaymentAttempt: {
        parameters: {
            query?: never;
            header: {
                /** @description Yours to choose, one per intention; kept for 7 days. */
                "Idempotency-Key": string;
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * @description May be left out with `payer.auth_code` or `payer.field55`.
                     */
                    wallet?: "wechatpay" | "alipay" | "unionpay" | "jdpay";
                    /**
                     * @description May be left out with `payer.auth_code` or `payer.field55`.
                     */
                    product?: "native" | "jsapi" | "h5" | "app" | "page" | "wap" | "precreate" | "codepay" | "bar" | "nfc" | "web" | "qr" | "pc";
                    /**
                     * @description Whose app the buyer pays with, where it is another than `wallet`.
                     */
                    payer_wallet?: "wechatpay" | "alipay" | "unionpay" | "jdpay";
                    /** @description Who pays, where the product must know; neither stored nor logged. */
                    payer?: {
                        /** @description WeChat Pay jsapi: the buyer’s openid. */
                        openid?: string;
                        /** @description Alipay jsapi: the buyer’s user id. */
                        buyer_id?: string;
                        /** @description Alipay jsapi: the buyer’s open id. */
                        buyer_open_id?: string;
                        /**
                         * @description The payment code that the buyer shows: the digits, or the EMV text, as scanned. Without `wallet` it is found by the code.
                         * @example 130512345678901234
                         */
                        auth_code?: string;
                        /** @description A QuickPass tap: EMV field 55 (BER-TLV) in hex. */
                        field55?: string;
                    };
                };
            };
        };
        responses: {
            /** @description Made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["payment_attempt"];
                };
            };
        };
    };
    getPaymentAttempt: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
                attempt: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["payment_attempt"];
                };
            };
        };
    };
    createRefund: {
        parameters: {
            query?: never;
            header: {
                /** @description Yours to choose, one per intention; kept for 7 days. */
                "Idempotency-Key": string;
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The paid intent. */
                    payment_intent: string;
                    /** @description The part that is refunded. */
                    sub_order: string;
                    /**
                     * @description In fen; at most what is left of the sub_order.
                     * @example 1999
                     */
                    amount: number;
                    /**
                     * @description Shown to the buyer by the wallet.
                     * @example Returned within seven days
                     */
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["refund"];
                };
            };
            /** @description Made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["refund"];
                };
            };
        };
    };
    getRefund: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["refund"];
                };
            };
        };
    };
    listMerchants: {
        parameters: {
            query?: {
                /** @description How many to answer. */
                limit?: number;
                /** @description The last id of the page before. */
                starting_after?: string;
                /** @description The first id of the page after. */
                ending_before?: string;
            };
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["merchant_list"];
                };
            };
        };
    };
    createMerchant: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description The shop’s name, as buyers know it.
                     * @example Kettle & Co
                     */
                    name: string;
                    /** @description The marketplace’s own number of this seller. */
                    external_id?: string;
                };
            };
        };
        responses: {
            /** @description Made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["merchant"];
                };
            };
        };
    };
    listWalletAccounts: {
        parameters: {
            query?: {
                /** @description How many to answer. */
                limit?: number;
                /** @description The last id of the page before. */
                starting_after?: string;
                /** @description The first id of the page after. */
                ending_before?: string;
            };
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["wallet_account_list"];
                };
            };
        };
    };
    listInterconnects: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["interconnect_list"];
                };
            };
        };
    };
    setInterconnect: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description Whose app scans.
                     */
                    payer_wallet: "wechatpay" | "alipay" | "unionpay" | "jdpay";
                    /**
                     * @description Whose code is scanned.
                     */
                    acceptor_wallet: "wechatpay" | "alipay" | "unionpay" | "jdpay";
                    status: "active" | "paused";
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["interconnect"];
                };
            };
        };
    };
    listCounters: {
        parameters: {
            query?: {
                /** @description How many to answer. */
                limit?: number;
                /** @description The last id of the page before. */
                starting_after?: string;
                /** @description The first id of the page after. */
                ending_before?: string;
            };
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["counter_list"];
                };
            };
        };
    };
    createCounter: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description Which till or table: unique for its merchant.
                     * @example Till 1
                     */
                    name: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["counter"];
                };
            };
            /** @description Made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["counter"];
                };
            };
        };
    };
    getCounter: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
                counter: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["counter"];
                };
            };
        };
    };
    updateCounter: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
                counter: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * @description Which till or table: unique for its merchant.
                     * @example Till 1
                     */
                    name?: string;
                    /**
                     * @description A disabled code takes no payments; it can be enabled again.
                     */
                    status?: "enabled" | "disabled";
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["counter"];
                };
            };
        };
    };
    getCounterStandSvg: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
                counter: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/svg+xml": components["schemas"]["file"];
                };
            };
        };
    };
    getCounterStandPdf: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
                counter: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/pdf": components["schemas"]["file"];
                };
            };
        };
    };
    getCounterTapCardSvg: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
                counter: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/svg+xml": components["schemas"]["file"];
                };
            };
        };
    };
    getCounterTapCardPdf: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
                counter: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/pdf": components["schemas"]["file"];
                };
            };
        };
    };
    listLedgerAccounts: {
        parameters: {
            query?: {
                limit?: number;
                /** @description The last account of the page before, by its name, or its id (slower in a large ledger). */
                starting_after?: string;
                /** @description Only what went through this configuration, on shared accounts. */
                wallet_config?: string;
            };
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ledger_account_list"];
                };
            };
        };
    };
    listLedgerTransactions: {
        parameters: {
            query?: {
                /** @description How many to answer. */
                limit?: number;
                /** @description The last id of the page before. */
                starting_after?: string;
                /** @description The first id of the page after. */
                ending_before?: string;
                /** @description Only what this payment moved. */
                payment_intent?: string;
            };
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ledger_transaction_list"];
                };
            };
        };
    };
    listBalances: {
        parameters: {
            query?: {
                /** @description Only what this merchant has. */
                merchant?: string;
            };
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["balance_list"];
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description How many to answer. */
                limit?: number;
                /** @description The last id of the page before. */
                starting_after?: string;
                /** @description The first id of the page after. */
                ending_before?: string;
                /** @description Only events of this type. */
                type?: string;
            };
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["event_list"];
                };
            };
        };
    };
    getEvent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["event"];
                };
            };
        };
    };
    resendEvent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["event"];
                };
            };
        };
    };
    listWebhookEndpoints: {
        parameters: {
            query?: {
                /** @description How many to answer. */
                limit?: number;
                /** @description The last id of the page before. */
                starting_after?: string;
                /** @description The first id of the page after. */
                ending_before?: string;
            };
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["webhook_endpoint_list"];
                };
            };
        };
    };
    createWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description https; resolved and checked against private addresses. */
                    url: string;
                    enabled_events: ("*" | "payment_intent.*" | "payment_attempt.*" | "refund.*" | "payment_intent.created" | "payment_intent.requires_action" | "payment_intent.succeeded" | "payment_intent.canceled" | "payment_intent.expired" | "payment_intent.conflicted" | "payment_intent.resolved" | "payment_attempt.succeeded" | "payment_attempt.failed" | "payment_attempt.closed" | "payment_attempt.superseded" | "payment_attempt.conflicted" | "payment_attempt.requires_attention" | "refund.created" | "refund.succeeded" | "refund.failed" | "refund.requires_attention")[];
                };
            };
        };
        responses: {
            /** @description Made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["webhook_endpoint"];
                };
            };
        };
    };
    getWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["webhook_endpoint"];
                };
            };
        };
    };
    updateWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description https; resolved and checked against private addresses. */
                    url?: string;
                    enabled_events?: ("*" | "payment_intent.*" | "payment_attempt.*" | "refund.*" | "payment_intent.created" | "payment_intent.requires_action" | "payment_intent.succeeded" | "payment_intent.canceled" | "payment_intent.expired" | "payment_intent.conflicted" | "payment_intent.resolved" | "payment_attempt.succeeded" | "payment_attempt.failed" | "payment_attempt.closed" | "payment_attempt.superseded" | "payment_attempt.conflicted" | "payment_attempt.requires_attention" | "refund.created" | "refund.succeeded" | "refund.failed" | "refund.requires_attention")[];
                    status?: "enabled" | "disabled";
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["webhook_endpoint"];
                };
            };
        };
    };
    deleteWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["deleted"];
                };
            };
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The old secret signs nothing more: it was disclosed. */
                    end_previous?: boolean;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["webhook_endpoint"];
                };
            };
        };
    };
    listAuditLog: {
        parameters: {
            query?: {
                /** @description How many to answer. */
                limit?: number;
                /** @description The last id of the page before. */
                starting_after?: string;
                /** @description The first id of the page after. */
                ending_before?: string;
                /** @description Only what this key (`key_…`) or `cli:…` did. */
                actor?: string;
                /** @description Only this kind of change. */
                action?: string;
                /** @description Only changes of this object. */
                object?: string;
            };
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["audit_log_list"];
                };
            };
        };
    };
    eraseBuyer: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description The marketplace’s own number of the buyer, as in `buyer.id`.
                     * @example buyer-1
                     */
                    buyer: string;
                };
            };
        };
        responses: {
            /** @description Made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["buyer_erasure"];
                };
            };
        };
    };
    getBuyerErasure: {
        parameters: {
            query?: never;
            header?: {
                /** @description Overrides the version that the key is pinned to. */
                "Hutong-Version"?: "2026-12-01";
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["buyer_erasure"];
                };
            };
        };
    };
}
