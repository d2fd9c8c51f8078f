<?cs # badge.cs: the badge of an environment and its address ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<div class="panel narrow"><p>The badge tells how safe this environment is and how old its newest good backup is; it names nothing. Whoever knows its address can see it.</p>
<?cs if:badge.src ?><p><a href="<?cs var:badge.src ?>">Look at it</a></p>
<p class="label">Picture</p><pre data-copy="Address"><code><?cs var:badge.svg ?></code></pre>
<p class="label">Markdown</p><pre data-copy="Markdown"><code>![backup](<?cs var:badge.svg ?>)</code></pre>
<p class="label">JSON, as shields.io reads it</p><pre data-copy="Address"><code><?cs var:badge.json ?></code></pre>
<div class="actions"><form method="post" class="act"><?cs call:secret() ?><input type="hidden" name="act" value="make"><?cs call:button("Make another address", "") ?></form><form method="post" class="act"><?cs call:secret() ?><input type="hidden" name="act" value="remove"><?cs call:button("Remove the badge", "danger") ?></form></div>
<?cs else ?><form method="post"><?cs call:secret() ?><input type="hidden" name="act" value="make"><div class="actions"><?cs call:button("Make a badge", "primary") ?> <a class="button" href="<?cs var:page.env.href ?>/settings">Cancel</a></div></form>
<?cs /if ?></div>
<?cs include!"foot.cs" ?>
