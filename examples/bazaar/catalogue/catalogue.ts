/**
 * What the shop sells: sellers, their products, and which merchant of the marketplace each is.
 * Frozen data; prices come from here and never from a form.
 */
import { type Drawing, type Palette, picture } from '../pictures/picture.ts';
import { taobaoSellers } from './taobao.ts';
import { tmallSellers } from './tmall.ts';

export const MARKETPLACES = ['taobao', 'tmall'] as const;
export type MarketplaceName = (typeof MARKETPLACES)[number];

export interface Text {
  readonly zh: string;
  readonly en: string;
}

export interface Product {
  readonly id: string;
  readonly name: Text;
  readonly detail: Text;
  readonly priceFen: bigint;
  /** Sizes or colours to choose from; empty when there is one kind only. */
  readonly options: readonly Text[];
  readonly drawing: Drawing;
  readonly colors: Palette;
}

export interface Seller {
  readonly id: string;
  readonly name: Text;
  readonly slogan: Text;
  readonly place: Text;
  /** One character on the shop's sign. */
  readonly sign: string;
  readonly products: readonly Product[];
}

export interface Listing {
  readonly product: Product;
  readonly seller: Seller;
}

export interface Catalogue {
  readonly marketplace: MarketplaceName;
  readonly sellers: readonly Seller[];
  readonly listings: readonly Listing[];
  readonly find: (productId: string) => Listing | undefined;
  readonly pictureOf: (productId: string) => string | undefined;
  readonly search: (words: string) => readonly Listing[];
}

function catalogue(marketplace: MarketplaceName, sellers: readonly Seller[]): Catalogue {
  const listings = sellers.flatMap((seller) =>
    seller.products.map((product) => Object.freeze({ product, seller })),
  );
  const byId = new Map(listings.map((listing) => [listing.product.id, listing]));
  return Object.freeze({
    marketplace,
    sellers,
    listings,
    find: (productId: string) => byId.get(productId),
    pictureOf: (productId: string) => {
      const product = byId.get(productId)?.product;
      return product === undefined ? undefined : picture(product.colors, product.drawing);
    },
    search: (words: string) => {
      const wanted = words.trim().toLowerCase();
      return listings.filter(({ product, seller }) =>
        [product.name, product.detail, seller.name].some(
          (text) => text.zh.includes(wanted) || text.en.toLowerCase().includes(wanted),
        ),
      );
    },
  });
}

export const CATALOGUES: Readonly<Record<MarketplaceName, Catalogue>> = Object.freeze({
  taobao: catalogue('taobao', taobaoSellers),
  tmall: catalogue('tmall', tmallSellers),
});
