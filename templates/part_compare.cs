<?cs # part_compare.cs: what changed in the files of one part, or what keeps that from being here ?><div id="compare"<?cs if:compare.working ?> data-poll="<?cs var:compare.poll ?>"<?cs /if ?>>
<?cs if:compare.working ?><div class="panel" role="status"><p><?cs call:icon("running") ?> Comparing <?cs var:older.id ?> with <?cs var:newer.id ?>…</p>
<progress aria-label="Working"></progress>
<p class="muted">The lists of files are read from the storage once, and what differs is kept here for a week.</p>
<div class="actions"><a class="button" href="<?cs var:compare.here ?>">Refresh</a> <a class="button is-quiet" href="<?cs var:compare.job.href ?>">Watch <?cs var:compare.job.id ?></a></div></div>
<?cs elif:compare.failed ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><div><p><strong>The two could not be compared: <?cs var:compare.error ?></strong></p><p><a href="<?cs var:compare.job.href ?>">Log of <?cs var:compare.job.id ?></a></p><?cs call:act(backup.href + "/compare?with=" + compare.with, "Try again", "") ?></div></div>
<?cs else ?><p><?cs if:compare.equal ?>Nothing differs: <?cs else ?><?cs each:t = compare.totals ?><?cs if:t.href ?><a href="<?cs var:t.href ?>"><?cs var:t.count ?> <?cs var:t.text ?></a><?cs else ?><?cs var:t.count ?> <?cs var:t.text ?><?cs /if ?><?cs if:t.size ?> (<?cs var:t.size ?>)<?cs /if ?>, <?cs /each ?><?cs /if ?><?cs var:compare.same ?> the same.</p>
<?cs if:!compare.equal ?><form class="filters" method="get" action="<?cs var:backup.href ?>/compare"><input type="hidden" name="with" value="<?cs var:compare.with ?>"><input type="hidden" name="part" value="<?cs var:compare.part ?>">
<div class="field"><label for="q">Name contains</label><input type="search" id="q" name="q" value="<?cs var:compare.search ?>" autocomplete="off"></div>
<div class="field"><label for="kind">Show</label><select id="kind" name="kind"><?cs each:o = compare.kinds ?><option value="<?cs var:o.value ?>"<?cs if:o.on ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select></div>
<div class="field"><label for="order">Order</label><select id="order" name="order"><?cs each:o = compare.orders ?><option value="<?cs var:o.value ?>"<?cs if:o.on ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select></div>
<button type="submit" class="button"><?cs call:icon("search") ?>Show</button><?cs if:compare.narrowed ?> <a class="button is-quiet" href="<?cs var:compare.here ?>">Show all changes</a><?cs /if ?>
</form>
<?cs if:subcount(compare.changes) ?><table class="list" role="table" aria-label="Changes">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Name</th><th role="columnheader" scope="col">State</th><th role="columnheader" scope="col" class="num">Size</th><th role="columnheader" scope="col">What</th></tr></thead>
<tbody role="rowgroup">
<?cs each:c = compare.changes ?><tr role="row"><th role="rowheader" scope="row" class="row-main" data-label="Name"><span><?cs if:c.folder ?><?cs call:icon("media") ?> <?cs var:c.name ?>/<?cs else ?><?cs var:c.name ?><?cs /if ?></span></th><td role="cell" data-label="State"><?cs call:state(c.state) ?></td><td role="cell" class="num" data-label="Size"><?cs if:c.resized ?><?cs call:size(c.before) ?> → <?cs call:size(c.after) ?><?cs elif:c.after.text ?><?cs call:size(c.after) ?><?cs else ?><?cs call:size(c.before) ?><?cs /if ?></td><td role="cell" data-label="What"><?cs if:c.type ?><?cs var:c.type ?><?cs /if ?><?cs if:c.content ?>content<?cs elif:c.target ?>where it leads<?cs /if ?><?cs if:c.mode && (c.content || c.target) ?>, <?cs /if ?><?cs if:c.mode ?>mode <code><?cs var:c.mode ?></code><?cs /if ?></td></tr>
<?cs /each ?></tbody></table>
<?cs elif:compare.narrowed ?><p>No such change.</p>
<?cs else ?><p class="muted">Some files have only another time; nothing else differs.</p>
<?cs /if ?><?cs if:compare.first || compare.next ?><nav class="pager" aria-label="Pages"><?cs if:compare.first ?><a class="button" href="<?cs var:compare.first ?>" rel="first">First page</a><?cs /if ?><?cs if:compare.next ?><a class="button" href="<?cs var:compare.next ?>" rel="next">Next page</a><?cs /if ?></nav>
<?cs /if ?><?cs /if ?><?cs /if ?></div>
