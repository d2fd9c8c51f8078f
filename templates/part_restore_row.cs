<?cs # part_restore_row.cs: restores in a list
  restore_table(rows, label) ?><?cs def:restore_table(rows, label) ?><table class="list" role="table" aria-label="<?cs var:label ?>">
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Restore</th>
<th role="columnheader" scope="col">State</th>
<th role="columnheader" scope="col">From</th>
<th role="columnheader" scope="col">Into</th>
<th role="columnheader" scope="col">Mode</th>
<th role="columnheader" scope="col">Took</th>
<th role="columnheader" scope="col">Safety</th>
<th role="columnheader" scope="col">By</th>
</tr></thead>
<tbody role="rowgroup">
<?cs each:r = rows ?><tr role="row">
<th role="rowheader" scope="row" data-label="Restore"><span><a href="<?cs var:r.href ?>"><?cs var:r.id ?></a><br><span class="stamp"><?cs call:time(r.created) ?></span></span></th>
<td role="cell" data-label="State"><span><?cs call:state(r.state) ?><?cs if:r.error ?><span class="why"><?cs var:r.error ?></span><?cs /if ?></span></td>
<td role="cell" data-label="From"><span><a href="<?cs var:r.backup.href ?>"><?cs var:r.backup.id ?></a> of <?cs var:r.backup.env ?></span></td>
<td role="cell" data-label="Into"><span><?cs var:r.target.label ?>: <?cs var:r.contents ?></span></td>
<td role="cell" data-label="Mode"><span class="whole"><?cs var:r.mode ?></span></td>
<td role="cell" data-label="Took"><?cs if:r.took ?><span class="whole"><?cs var:r.took ?></span><?cs else ?><span class="muted">—</span><?cs /if ?></td>
<td role="cell" data-label="Safety"><?cs if:r.safety.id ?><a href="<?cs var:r.safety.href ?>"><?cs var:r.safety.id ?></a><?cs else ?><span class="muted">—</span><?cs /if ?></td>
<td role="cell" data-label="By"><?cs var:r.by ?></td>
</tr>
<?cs /each ?></tbody></table><?cs /def ?>
