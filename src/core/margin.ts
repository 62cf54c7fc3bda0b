// What is left of what customers paid after vendors are paid, and how far vendors' counts of tokens are from ours.

/** Sums of calls that a margin is worked out from. */
type Paid = { readonly chargedRequests: number; readonly chargedMicroRub: number; readonly costMicroRub: number };

export type Margin = {
  /** Money and, at what a request is worth, requests. */
  readonly revenueMicroRub: number;
  readonly marginMicroRub: number;
  /** In hundredths of a percent of the revenue, rounded towards 0; `null` where there is none. */
  readonly marginBasisPoints: number | null;
};

export function marginOf(paid: Paid, microRubPerRequest: number): Margin {
  const revenue = BigInt(paid.chargedMicroRub) + BigInt(paid.chargedRequests) * BigInt(microRubPerRequest);
  const margin = revenue - BigInt(paid.costMicroRub);
  return {
    revenueMicroRub: Number(revenue),
    marginMicroRub: Number(margin),
    marginBasisPoints: revenue === 0n ? null : Number((margin * 10_000n) / revenue),
  };
}

/** Our estimate is rough, so only a far count is worth an alarm; what a model's usual drift is shows over days. */
const FAR_PERCENT = 50;
/** Fewer tokens say nothing. */
const COMPARED_MIN = 1_000;

export type Drift = {
  /** The vendor's count over ours, in percent; `null` where nothing could be compared. */
  readonly vendorPercent: number | null;
  readonly isFar: boolean;
};

export function driftOf({ vendorTokens, countedTokens }: { vendorTokens: number; countedTokens: number }): Drift {
  if (countedTokens === 0) return { vendorPercent: null, isFar: vendorTokens >= COMPARED_MIN };
  const vendorPercent = Math.round((vendorTokens * 100) / countedTokens);
  const isCompared = Math.max(vendorTokens, countedTokens) >= COMPARED_MIN;
  return { vendorPercent, isFar: isCompared && Math.abs(vendorPercent - 100) > FAR_PERCENT };
}
