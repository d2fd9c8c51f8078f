<?cs # 3.cs: one hole ?><p><?cs lvar:x ?></p>
