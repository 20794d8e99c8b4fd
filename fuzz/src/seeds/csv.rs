//! Tables in text.

use super::{Seed, add};

pub(super) fn seeds(seeds: &mut Vec<Seed>) {
    let mut add = |name, good, text: &[u8]| add(seeds, "csv", name, good, text);
    add("plain", true, b"t,x,y\n0,0.5,1\n1,-0.25,2\n2,1e-3,3\n");
    add(
        "euroc",
        true,
        b"#timestamp [ns],p_x [m]\n1403715273262142976,0.25\n1403715273267142976,0.5\n",
    );
    add(
        "quoted",
        true,
        b"\xef\xbb\xbf\"a,b\";\"say \"\"x\"\"\"\r\n1;true\r\n\r\n2;False\r\n",
    );
    add(
        "lines",
        true,
        b"# made by hand\n\nt\tname\tok\n1\t\"two\nlines\"\ttrue\n\n# a comment\n2\tb\tfalse\n",
    );
    add("missing", true, b"t,v\n1,\n2,nan\n3,inf\n,-Infinity\n");
    add("counted", true, b"0,1,2\n9007199254740993,-0.0,1e400\n");
    add("options", true, b"\x01;%t;x\n% a comment\n1;2\n");
    add("ragged", false, b"a,b\n1,2,3\n");
    add("open", false, b"a,b\n1,\"2\n");
    add("mixed", false, b"a\n1\ntrue\n");
    add("inexact", false, b"a,b\n9007199254740993,1\n,2\n");
}
