/**
 * [256] the printable character that stands for each byte in byte-level vocabularies, as GPT-2 has it: printable bytes of
 * Latin-1 stand for themselves, the others for U+0100, U+0101, … in order.
 */
export const byteCharacters: readonly string[] = makeByteCharacters()

function makeByteCharacters(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
  let next = 0x100
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++))
}
