package partman.sidecar.report;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/** How the status page looks: style, shapes, and the little script that is a comfort only; and the policy that allows no others. */
final class StatusStyle {

    /** Every colour has a name, and a value for light and for dark; a test computes their contrasts. */
    static final Html CSS = Html.of("""
            :root{color-scheme:light dark;
            --page:#f5f4f0;--card:#fffefb;--ink:#20262e;--soft:#5a626d;--line:#dddad1;--link:#14606e;
            --ok:#1d6b41;--work:#14606e;--wait:#855400;--act:#a8321f;
            --okbg:#e6f2ea;--workbg:#e2f0f2;--waitbg:#faf0d9;--actbg:#fae8e3;
            --bar:#8fb1b5;--now:#14606e;--pale:#c4c2ba;--warn:#9f4712}
            @media(prefers-color-scheme:dark){:root{
            --page:#14171a;--card:#1c2125;--ink:#e7e9ea;--soft:#a4adb5;--line:#343b41;--link:#7fcbd6;
            --ok:#7fd3a1;--work:#7fcbd6;--wait:#edbf66;--act:#f49a86;
            --okbg:#1b3125;--workbg:#17323a;--waitbg:#372b15;--actbg:#3d211c;
            --bar:#54868d;--now:#8fd6e0;--pale:#4d545a;--warn:#f0955a}}
            *{box-sizing:border-box}
            body{margin:0 auto;max-width:62rem;padding:1.5rem 1.25rem 3rem;background:var(--page);color:var(--ink);
            font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;
            font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
            h1,h2,h3,p,dl,ul,ol,figure{margin:0;padding:0}
            a{color:var(--link)}
            a:focus-visible,summary:focus-visible,pre:focus-visible,button:focus-visible{outline:3px solid var(--link);
            outline-offset:2px}
            svg.shapes{position:absolute}
            .i{width:1.15em;height:1.15em;vertical-align:-.2em;margin-right:.4em;flex:none}
            .top{margin-bottom:1.75rem}
            h1{display:flex;align-items:center;font-size:clamp(1.6rem,5vw,2.25rem);line-height:1.2;font-weight:650;
            letter-spacing:-.015em;margin-bottom:.4rem}
            .ok h1,li.ok .i,.ok .state{color:var(--ok)}.work h1,li.work .i,.work .state{color:var(--work)}
            .wait h1,li.wait .i,.wait .state,b.wait{color:var(--wait)}.act h1,li.act .i,.act .state,b.act{color:var(--act)}
            .top p{color:var(--soft)}.top p b{color:var(--ink)}
            .top .stale{margin-top:1rem;padding:.75rem 1rem;border-left:4px solid var(--act);border-radius:4px;
            background:var(--actbg);color:var(--ink)}
            nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin-top:.75rem}
            .card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.25rem 1.5rem;
            margin-bottom:1.25rem}
            .card>header{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.35rem 1rem;align-items:center;
            margin-bottom:.5rem}
            h2{font-size:1.2rem;font-weight:650;line-height:1.3}
            h3{font-size:.95rem;font-weight:600}
            .state{font-weight:600;font-size:.92rem;padding:.1rem .7rem .1rem .5rem;border-radius:1rem;white-space:nowrap}
            .ok .state{background:var(--okbg)}.work .state{background:var(--workbg)}
            .wait .state{background:var(--waitbg)}.act .state{background:var(--actbg)}
            .reason{max-width:46rem}
            .next{color:var(--soft);max-width:46rem}
            .trouble{margin-top:.75rem;padding:.6rem .9rem;border-left:4px solid var(--wait);border-radius:4px;
            background:var(--waitbg)}
            .card>ul{padding-left:1.1rem}.card>ul li{margin-top:.4rem}
            figure{margin:1.25rem 0 1rem}
            figcaption{font-size:.85rem;color:var(--soft)}
            .timeline{display:block;overflow:visible}
            .timeline text{fill:var(--soft);font-size:11.5px;stroke:var(--card);stroke-width:3px;paint-order:stroke}
            .timeline .e{text-anchor:end}.timeline .m{text-anchor:middle}
            .timeline .w{fill:var(--warn);font-weight:700}.timeline text.t{fill:var(--ink);font-weight:600}
            .timeline rect{fill:var(--bar)}.timeline rect.n{fill:var(--now)}.timeline rect.x{fill:var(--pale)}
            .timeline .a,.timeline .d{fill:none;stroke:var(--bar);stroke-width:1.5}
            .timeline .h{fill:none;stroke:var(--warn);stroke-width:1.5;stroke-dasharray:4 3}
            .timeline rect.D{fill:url(#hatch);stroke:var(--warn);stroke-width:1.5}
            #hatch path{stroke:var(--warn);stroke-width:3}
            .timeline line{stroke:var(--soft);stroke-width:1}.timeline line.t{stroke:var(--ink);stroke-width:1.5}
            .timeline line.r{stroke-dasharray:5 3}.timeline line.z{stroke-dasharray:1.5 3;stroke-width:1.5}
            .timeline line.axis{stroke:var(--line)}
            dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr));gap:.6rem 2rem;
            margin:1rem 0 .75rem}
            dt{font-size:.82rem;color:var(--soft)}dd{margin:0}
            .at{color:var(--soft);font-size:.88rem}
            .w{color:var(--warn)}
            details{border-top:1px solid var(--line);padding:.5rem 0}
            details:last-child{padding-bottom:0}
            summary{cursor:pointer;font-weight:600;font-size:.95rem;color:var(--link)}
            details p{margin:.5rem 0;font-size:.9rem}
            table{border-collapse:collapse;width:100%;font-size:.88rem;margin-top:.5rem}
            th,td{text-align:left;padding:.3rem .6rem .3rem 0;vertical-align:top;border-bottom:1px solid var(--line);
            font-weight:400}
            thead th{color:var(--soft);font-size:.82rem}
            tbody tr:last-child>*{border-bottom:0}
            .parts td:last-child,.parts th:last-child{text-align:right;white-space:nowrap;padding-right:0}
            .differs>*{background:var(--waitbg)}
            .others b{white-space:nowrap;font-weight:600}
            pre{overflow:auto;max-height:26rem;padding:.8rem;border-radius:6px;background:var(--page);
            font:.82rem/1.45 ui-monospace,"DejaVu Sans Mono",Consolas,monospace;overflow-wrap:normal;margin:.5rem 0 0}
            button{font:inherit;font-size:.88rem;padding:.2rem .8rem;margin-top:.5rem;border:1px solid var(--link);
            border-radius:6px;background:var(--card);color:var(--link);cursor:pointer}
            .steps{margin-top:1rem}
            .steps ol{display:flex;flex-wrap:wrap;gap:.3rem .4rem;list-style:none;margin:.6rem 0}
            .steps li{padding:.1rem .65rem;border:1px solid var(--line);border-radius:1rem;font-size:.86rem;
            color:var(--soft)}
            .steps li.done{border-color:var(--ok);color:var(--ok)}
            .steps li.now{border-color:var(--work);background:var(--workbg);color:var(--work);font-weight:600}
            .steps .v{font-size:.78rem}.steps .v::before{content:"· "}
            .steps li.done .v::before{content:"✓ "}
            progress{display:block;width:100%;height:.7rem;margin:.3rem 0 .5rem;accent-color:var(--work)}
            footer{color:var(--soft);font-size:.88rem}footer p+p{margin-top:.25rem}
            @media(max-width:34rem){body{padding:1rem .75rem 2rem}.card{padding:1rem .9rem;border-radius:8px}
            .others td,.others th,.parts td,.parts th{padding-right:.4rem;font-size:.82rem}}
            """);

    /** One shape for each {@link Tone}, and the hatching of a default partition that is not empty. */
    static final Html SHAPES = Html.of("""
            <svg class="shapes" width="0" height="0" aria-hidden="true"><defs>\
            <pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M2 0v7"/></pattern>\
            <symbol id="ok" viewBox="0 0 20 20"><circle cx="10" cy="10" r="10" fill="currentColor"/><path d="M5.5 10.5l3 3 6-7" fill="none" stroke="var(--card)" stroke-width="2.2"/></symbol>\
            <symbol id="work" viewBox="0 0 20 20"><circle cx="10" cy="10" r="9" fill="none" stroke="currentColor" stroke-width="2"/><path d="M8 6l6 4-6 4z" fill="currentColor"/></symbol>\
            <symbol id="wait" viewBox="0 0 20 20"><circle cx="10" cy="10" r="9" fill="none" stroke="currentColor" stroke-width="2"/><path d="M10 5v5.5l3.5 2" fill="none" stroke="currentColor" stroke-width="2"/></symbol>\
            <symbol id="act" viewBox="0 0 20 20"><path d="M10 1l10 18H0z" fill="currentColor"/><path d="M10 7v6m0 2v2" fill="none" stroke="var(--card)" stroke-width="2.2"/></symbol>\
            </defs></svg>""");

    /** Keeps open over a refresh what the reader has opened, and copies SQL where the browser lets it. */
    static final Html SCRIPT = Html.of("""
            (() => {
            const all = [...document.querySelectorAll('details')], key = 'open';
            const open = (sessionStorage.getItem(key) || '').split(' ');
            all.forEach(d => { if (open.includes(d.id)) d.open = true;
            d.addEventListener('toggle', () => sessionStorage.setItem(key, all.filter(o => o.open).map(o => o.id).join(' '))); });
            if (navigator.clipboard) document.querySelectorAll('pre.copy').forEach(pre => {
            const button = document.createElement('button'); button.type = 'button'; button.textContent = 'Copy';
            button.addEventListener('click', () => navigator.clipboard.writeText(pre.textContent)
            .then(() => { button.textContent = 'Copied'; }, () => { button.textContent = 'Not allowed to copy'; }));
            pre.before(button); });
            })();
            """);

    /** Nothing comes from elsewhere, and of what is in the page only this style and this script count. */
    static final String POLICY =
            "default-src 'none'; style-src '%s'; script-src '%s'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
                    .formatted(hash(CSS), hash(SCRIPT));

    private StatusStyle() {}

    /** What of it is in every page. */
    static int bytes() {
        return CSS.bytes() + SHAPES.bytes() + SCRIPT.bytes();
    }

    /** A tab of the browser shows at once whether all is well. */
    static Html favicon(Tone tone) {
        return switch (tone) {
            case OK -> icon("1d6b41", "%3Ccircle cx='8' cy='8' r='8'/%3E");
            case WORK -> icon("14606e", "%3Cpath d='M2 0l13 8-13 8z'/%3E");
            case WAIT -> icon("c98a10", "%3Cpath d='M1 1h5v14H1zM10 1h5v14h-5z'/%3E");
            case ACT -> icon("a8321f", "%3Cpath d='M8 0l8 16H0z'/%3E");
        };
    }

    private static Html icon(String colour, String shape) {
        return Html.of(
                "<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='%23{}'%3E{}%3C/svg%3E\">",
                colour, shape);
    }

    private static String hash(Html text) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256").digest(text.toString().getBytes(StandardCharsets.UTF_8));
            return "sha256-" + Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }
}
