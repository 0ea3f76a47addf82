"use strict";
// A program in the address: #code=d.… is packed with deflate, #code=p.… is plain; both are UTF-8 in
// base64url. #example=NAME opens one of our own. What an address holds is shown, and never run here.

const LONGEST_LINK = 8000; // many programs that send links cut longer ones
const LONGEST_CODE = 200_000; // a small link may hold a huge text

const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
  .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const fromBase64 = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));

async function linkOf(code) {
  const bytes = new TextEncoder().encode(code);
  const packed = window.CompressionStream
    ? `d.${toBase64(await through(new CompressionStream("deflate-raw"), bytes, Infinity))}`
    : `p.${toBase64(bytes)}`;
  return `${location.href.split("#")[0]}#code=${packed}`;
}

// All bytes that a stream makes of these. Raises a RangeError beyond `most` bytes.
async function through(stream, bytes, most) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const chunks = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw new RangeError("too long");
    }
    chunks.push(value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

// What the address asks for: {code}, {example}, {sentence} where it cannot be read, or null.
async function askedFor(hash) {
  const [, what, text] = /^#(code|example)=(.*)$/s.exec(hash) || [];
  if (!what) return null;
  if (what === "example") return { example: text };
  const [form, data] = [text.slice(0, 2), text.slice(2)];
  if (form === "d." && !window.DecompressionStream) {
    return { sentence: "This browser cannot unpack the program in the address: open the link in a newer one." };
  }
  try {
    let bytes = fromBase64(data);
    if (form === "d.") bytes = await through(new DecompressionStream("deflate-raw"), bytes, LONGEST_CODE);
    else if (form !== "p.") throw new TypeError("neither form");
    return { code: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (fault) {
    // Damaged base64, deflate or UTF-8, or too long.
    if (fault instanceof RangeError) return { sentence: "The program in the address is longer than any that fits a link, so it is not opened." };
    if (!(fault instanceof DOMException || fault instanceof TypeError)) throw fault;
    return { sentence: "The address holds a program that cannot be read. The link may have been cut: ask for it again." };
  }
}

// --- the panel ---

async function openShare() {
  say("share-says", "Making a link …");
  byId("share-link").hidden = true;
  const link = await linkOf(editor.text());
  if (link.length > LONGEST_LINK) {
    say("share-says", `This program is too long for a link: it would have ${link.length.toLocaleString("en")} characters, and many apps cut a link after ${LONGEST_LINK.toLocaleString("en")}. Save it as a file instead.`);
    return;
  }
  const local = location.protocol === "file:" ? " It opens only where this playground lies in the same place, because this page is a file." : "";
  say("share-says", `This link holds your program. Whoever opens it sees the program, and it runs when they press Run.${local}`);
  byId("link").value = link;
  byId("share-link").hidden = false;
}

async function copyLink() {
  const field = byId("link");
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    say("share-says", "Copied.");
  } catch (fault) {
    if (!(fault instanceof DOMException || fault instanceof TypeError)) throw fault; // not allowed, or not there
    say("share-says", "This browser does not let the page copy. The link is selected: press Ctrl+C, or ⌘C on a Mac.");
  }
}

function saveFile() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([editor.text()], { type: "text/x-python" }));
  link.download = "program.py";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
