/** HTTP header of an answer to a call: the node that answered, where there are several. */
export const nodeHeader = "X-APIM-Node";

/** The parts of an HTTP answer by which its sender is recognized. */
interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Whether HAProxy itself sent the answer, because no server of the route answered. */
export function isFromBalancer({ status, body }: Answer): boolean {
  return [502, 503, 504].includes(status) && /^<html><body><h1>50\d /.test(body);
}
