<?cs # part_schedule_preview.cs: what a schedule would do ?><section class="panel narrow" id="preview" aria-labelledby="preview-title"><h2 id="preview-title">What it does</h2>
<?cs if:subcount(preview.faults) ?><?cs each:f = preview.faults ?><p class="fault"><?cs call:icon("failed") ?><?cs var:f.text ?></p>
<?cs /each ?><?cs elif:preview.words ?><p><strong><?cs var:preview.words ?></strong>, <?cs var:preview.zone ?><?cs if:preview.spread ?>. Each run begins up to <?cs var:preview.spread ?> minutes later: always the same for one environment<?cs /if ?>.</p>
<?cs if:preview.clash ?><p class="notice is-warn"><?cs call:icon("warning") ?><?cs var:preview.clash ?></p>
<?cs /if ?><?cs if:subcount(preview.runs) ?><p id="next-runs">The next runs:</p>
<ol aria-labelledby="next-runs">
<?cs each:r = preview.runs ?><li><?cs call:moment(r.at) ?><?cs if:r.change ?> <span class="why"><?cs call:icon("warning") ?>the clocks change on this day<?cs if:r.note ?>: <?cs var:r.note ?><?cs /if ?></span><?cs /if ?></li>
<?cs /each ?></ol>
<?cs else ?><p>It never runs.</p>
<?cs /if ?><?cs else ?><p class="muted">Correct what is marked, then preview again.</p>
<?cs /if ?></section>
